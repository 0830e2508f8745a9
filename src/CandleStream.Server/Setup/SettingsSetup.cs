namespace CandleStream.Server.Setup;

/// <summary>The settings: checked before anything starts, then bound to their classes.</summary>
internal static class SettingsSetup
{
    public static void AddServerSettings(this WebApplicationBuilder builder, TimeProvider? time = null)
    {
        SettingsLists.Split(builder.Configuration, SettingsSection.All);
        SettingsCheck.Run(builder.Configuration, SettingsSection.All);
        foreach (var section in SettingsSection.All) section.Bind(builder.Services, builder.Configuration.GetSection(section.Name));
        var record = RecordOptions.Read(builder.Configuration);
        builder.Services.Configure<RecordOptions>(o => o.Series = record);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
    }
}
