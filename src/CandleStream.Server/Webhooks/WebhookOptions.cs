namespace CandleStream.Server.Webhooks;

/// <summary>
/// Section <c>Webhooks</c>: addresses that are called when candles close and when closed candles change. Each target has a <c>Url</c>, a
/// list of <c>Series</c>, <c>Events</c>
/// (<c>closed</c>, <c>corrected</c>; both where left out) and a <c>Secret</c> that signs what is sent:
/// <c>--Webhooks:Targets:0:Url=https://…</c>, <c>--Webhooks:Targets:0:Series=BTCUSD:1m,ETHUSD:1h</c>. A target keeps its series open, as
/// <c>Record</c> does.
/// </summary>
public sealed class WebhookOptions
{
    /// <summary>The targets, by number from 0. Default: none.</summary>
    public WebhookTarget[] Targets { get; set; } = [];

    /// <summary>
    /// True lets targets be called at addresses of this machine and of private networks. Default: false, only public addresses are.
    /// </summary>
    public bool AllowPrivateAddresses { get; set; }
}

/// <summary>A target as the settings write it.</summary>
public sealed class WebhookTarget
{
    /// <summary>Where to send to, http or https.</summary>
    public string? Url { get; set; }

    /// <summary>The series, between commas or as a list.</summary>
    public string? Series { get; set; }

    /// <summary>The events, between commas or as a list.</summary>
    public string? Events { get; set; }

    /// <summary>Signs what is sent; 16 characters at least.</summary>
    public string? Secret { get; set; }
}
