using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Configuration;

/// <summary>Refuses settings that nobody reads and values that are not allowed: a typo must not pass for a setting.</summary>
internal static class SettingsCheck
{
    /// <exception cref="StartRefusedException">The first unknown key or value that is not allowed.</exception>
    public static void Run(IConfiguration configuration, IEnumerable<SettingsSection> sections)
    {
        foreach (var section in sections.GroupBy(s => s.Name))
        {
            var types = section.Select(s => s.Type).ToList();
            CheckKeys(configuration.GetSection(section.Key), types);
            foreach (var type in types) CheckValues(configuration.GetSection(section.Key), type);
        }
    }

    private static void CheckKeys(IConfigurationSection section, IReadOnlyList<Type> types)
    {
        var known = types.SelectMany(t => t.GetProperties()).ToLookup(p => p.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var key in section.GetChildren())
        {
            if (!known.Contains(key.Key))
                throw new StartRefusedException(
                    $"Unknown setting '{key.Path}'; section {section.Path} has: {string.Join(", ", known.Select(k => k.Key).Order())}.");
            var nested = known[key.Key].Select(p => p.PropertyType).Where(HasKeysOfItsOwn).ToList();
            if (nested.Count > 0) CheckKeys(key, nested);
            foreach (var property in known[key.Key]) CheckTable(key, property.PropertyType);
        }
    }

    // The binder leaves out entries of a table that it cannot convert, and says nothing.
    private static void CheckTable(IConfigurationSection table, Type type)
    {
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(Dictionary<,>)) return;
        if (!string.IsNullOrEmpty(table.Value))
            throw new StartRefusedException(
                $"Invalid setting {table.Path}={table.Value}: it is a table; give each entry a value of its own, as in {table.Path}:NAME=VALUE.");
        var converter = TypeDescriptor.GetConverter(type.GetGenericArguments()[1]);
        foreach (var entry in table.GetChildren())
        {
            if (!converter.IsValid(entry.Value ?? "")) throw new StartRefusedException(
                $"Invalid setting {entry.Path}={entry.Value}: not a value of the kind {type.GetGenericArguments()[1].Name}.");
        }
    }

    private static bool HasKeysOfItsOwn(Type type) =>
        type.IsClass && type.Namespace?.StartsWith(nameof(CandleStream), StringComparison.Ordinal) == true
            && !type.IsAssignableTo(typeof(IEnumerable));

    private static void CheckValues(IConfigurationSection section, Type type)
    {
        object options;
        try
        {
            options = section.Get(type) ?? Activator.CreateInstance(type)!;
        }
        catch (InvalidOperationException e)
        {
            // The binder names key, value and type in one sentence.
            throw new StartRefusedException($"Invalid setting: {e.Message}");
        }

        var failures = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), failures, validateAllProperties: true)) return;
        var key = failures[0].MemberNames.FirstOrDefault();
        var path = key is null ? section.Path : ConfigurationPath.Combine(section.Path, key);
        var value = key is null ? null : section[key];
        throw new StartRefusedException(value is null
            ? $"Invalid setting {path}: {failures[0].ErrorMessage}"
            : $"Invalid setting {path}={value}: {failures[0].ErrorMessage}");
    }
}
