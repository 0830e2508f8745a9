using CandleStream.Server.Candles;

namespace CandleStream.Server.Configuration;

/// <summary>The settings: checked before anything starts, then bound to their classes.</summary>
internal static class Settings
{
    public static void AddServerSettings(this WebApplicationBuilder builder, TimeProvider? time = null)
    {
        SettingsLists.Split(builder.Configuration, SettingsSection.All);
        SettingsCheck.Run(builder.Configuration, SettingsSection.All);
        foreach (var section in SettingsSection.All) section.Bind(builder.Services, builder.Configuration.GetSection(section.Name));
        var record = RecordOptions.Read(builder.Configuration);
        builder.Services.Configure<RecordOptions>(o => o.Series = record);
        var exchanges = ExchangesOptions.Read(builder.Configuration);
        builder.Services.Configure<ExchangesOptions>(o => o.On = exchanges);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
    }
}

/// <summary>
/// Lists on the command line and in the environment: entries between commas in one value (<c>--Security:KnownProxies=10.0.0.1,10.0.0.2</c>)
/// as well as one value per entry (<c>…:0</c>, <c>…:1</c>), which alone the binder reads.
/// </summary>
internal static class SettingsLists
{
    public static void Split(ConfigurationManager configuration, IEnumerable<SettingsSection> sections)
    {
        var lists = sections.SelectMany(s => s.Type.GetProperties().Where(p => p.PropertyType == typeof(string[]))
            .Select(p => ConfigurationPath.Combine(s.Name, p.Name)));
        foreach (var list in lists)
        {
            var entries = configuration[list]?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            configuration.AddInMemoryCollection(
                entries.Select((entry, i) => KeyValuePair.Create(ConfigurationPath.Combine(list, $"{i}"), (string?)entry)));
        }
    }
}
