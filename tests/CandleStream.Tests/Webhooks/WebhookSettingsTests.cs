using System.Net;
using CandleStream.Server.Hosting;
using CandleStream.Server.Webhooks;
using Microsoft.Extensions.Configuration;

namespace CandleStream.Tests.Webhooks;

/// <summary>What may stand in section <c>Webhooks</c>, and where a call may go.</summary>
public sealed class WebhookSettingsTests
{
    [Fact]
    public void A_target_is_read_from_commas_and_from_lists()
    {
        var target = Assert.Single(Webhook.Read(Settings(
            ("Url", "https://hooks.example.org/x"), ("Series", "BTCUSD:1m, ETHUSD:1h,BTCUSD:1m"), ("Secret", "0123456789abcdef"))));
        Assert.Equal(["BTCUSD:1m", "ETHUSD:1h"], target.Series.Select(s => s.ToString()));
        Assert.True(target.SendsClosed && target.SendsCorrected);
        target = Assert.Single(Webhook.Read(Settings(
            ("Url", "https://hooks.example.org/x"), ("Series:0", "BTCUSD:1m"), ("Series:1", "ETHUSD:1h"), ("Events:0", "corrected"),
            ("Secret", "0123456789abcdef"))));
        Assert.Equal(2, target.Series.Count);
        Assert.False(target.SendsClosed);
    }

    [Theory]
    [InlineData("Url", "not an address", "Targets:0:Url")]
    [InlineData("Url", "ftp://hooks.example.org", "Targets:0:Url")]
    [InlineData("Url", "https://user:hidden@hooks.example.org", "Targets:0:Url")]
    [InlineData("Url", "http://127.0.0.1:9000/", "AllowPrivateAddresses")]
    [InlineData("Url", "http://localhost:9000/", "AllowPrivateAddresses")]
    [InlineData("Url", "http://[::1]/", "AllowPrivateAddresses")]
    [InlineData("Url", "http://169.254.169.254/latest", "AllowPrivateAddresses")]
    [InlineData("Series", "BTCUSD", "Targets:0:Series")]
    [InlineData("Series", "", "Targets:0:Series")]
    [InlineData("Events", "opened", "'opened' is none of closed, corrected")]
    [InlineData("Secret", "short", "Targets:0:Secret")]
    [InlineData("Sekret", "0123456789abcdef", "Unknown setting 'Webhooks:Targets:0:Sekret'")]
    public void What_is_not_allowed_stops_the_start_and_tells_no_secret(string key, string value, string told)
    {
        var settings = new Dictionary<string, string>
        {
            ["Url"] = "https://hooks.example.org/x",
            ["Series"] = "BTCUSD:1m",
            ["Secret"] = "0123456789abcdef",
            [key] = value
        };
        var refusal = Assert.Throws<StartRefusedException>(() => Webhook.Read(Settings([.. settings.Select(s => (s.Key, s.Value))])));
        Assert.Contains(told, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("2002:7f00:1::", false)]
    public void An_address_lies_outside_or_it_does_not(string address, bool isPublic) =>
        Assert.Equal(isPublic, PublicAddresses.Contains(IPAddress.Parse(address)));

    [Fact]
    public async Task A_name_that_leads_inside_is_not_connected_to()
    {
        using var handler = new SocketsHttpHandler { ConnectCallback = PublicAddresses.ConnectAsync };
        using var client = new HttpClient(handler);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(
            () => client.GetAsync("http://localhost:1/", TestContext.Current.CancellationToken));
        Assert.Contains("private address", refused.ToString(), StringComparison.Ordinal);
    }

    private static IConfiguration Settings(params (string Key, string Value)[] target) =>
        new ConfigurationBuilder().AddInMemoryCollection(
            target.Select(s => KeyValuePair.Create($"Webhooks:Targets:0:{s.Key}", (string?)s.Value))).Build();
}
