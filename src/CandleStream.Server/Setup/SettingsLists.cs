namespace CandleStream.Server.Setup;

/// <summary>Lists on the command line and in the environment: entries between commas in one value (<c>--Security:KnownProxies=10.0.0.1,10.0.0.2</c>) as well as one value per entry (<c>…:0</c>, <c>…:1</c>), which alone the binder reads.</summary>
internal static class SettingsLists
{
    public static void Split(ConfigurationManager configuration, IEnumerable<SettingsSection> sections)
    {
        var lists = sections.SelectMany(s => s.Type.GetProperties().Where(p => p.PropertyType == typeof(string[])).Select(p => ConfigurationPath.Combine(s.Name, p.Name)));
        foreach (var list in lists)
        {
            var entries = configuration[list]?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
            configuration.AddInMemoryCollection(entries.Select((entry, i) => KeyValuePair.Create(ConfigurationPath.Combine(list, $"{i}"), (string?)entry)));
        }
    }
}
