using CandleStream.Server.Access;
using CandleStream.Server.Candles;
using CandleStream.Server.Dialects;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Webhooks;
using CandleStream.Storage;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Configuration;

/// <summary>A section of the configuration and a class whose properties are its keys; several classes may share a section.</summary>
internal sealed record SettingsSection(string Name, Type Type, Action<IServiceCollection, IConfigurationSection> Bind)
{
    /// <summary>Every section of ours, in the order of the documentation.</summary>
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        .. ExchangeSetup.All.Select(e => new SettingsSection(e.Section, e.Options, e.Bind)),
        Of<StreamingOptions>("Streaming"),
        Of<SendingOptions>("Streaming"),
        Of<StorageOptions>("Storage"),
        Of<AccessOptions>("Security"),
        Of<MetricsOptions>("Metrics"),
        Of<FacadeOptions>("Facade"),
        Of<WebhookOptions>("Webhooks"),
        Of<DemoOptions>("Demo"),
    ];

    /// <summary>The sections' names, <c>Exchanges</c> and <c>Record</c> included.</summary>
    public static IEnumerable<string> Names =>
        All.Select(s => s.Name).Append(ExchangesOptions.Section).Append(RecordOptions.Section).Distinct();

    private static SettingsSection Of<TOptions>(string name)
        where TOptions : class => new(
        name,
        typeof(TOptions),
        (services, section) => services.AddOptions<TOptions>().Bind(section).ValidateDataAnnotations().ValidateOnStart());
}
