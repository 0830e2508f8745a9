using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>What <c>/metrics</c> tells, and that the dashboard and the alerts ask for nothing else.</summary>
public sealed partial class MetricsTests
{
    private const int Limit = 180_000;

    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    /// <summary>Given to every metric by Prometheus when it collects, and its own word for whether that worked.</summary>
    private static readonly string[] LabelsOfPrometheus = ["job", "instance"];
    private const string Up = "up";

    /// <summary>Metrics that exist only after the first event they measure.</summary>
    private static readonly string[] Measured =
        ["candlestream_publish_duration_seconds_count", "candlestream_write_duration_seconds_count",
            "candlestream_store_batch_duration_seconds_count", "candlestream_exchange_clock_offset_seconds"];

    [Fact(Timeout = Limit)]
    public async Task Dashboard_and_alerts_name_only_metrics_and_labels_that_exist()
    {
        await using var server = await StartAsync();
        var page = await MeasuredAsync(server);
        var labels = page.Samples.GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.ToList());

        var expressions = Alerts().Select(a => ($"alert {a.Name}", a.Expression)).Concat(Panels()).ToList();
        var wrong = new List<string>();
        foreach (var (where, expression) in expressions)
        {
            var selectors = PromQl.Selectors(expression);
            if (selectors.Count == 0) wrong.Add($"{where}: asks for no metric");
            foreach (var selector in selectors.Where(s => s.Name != Up))
            {
                if (!labels.TryGetValue(selector.Name, out var samples)) wrong.Add($"{where}: there is no metric {selector.Name}");
                else wrong.AddRange(selector.Matchers.Where(m => !Exists(m, samples))
                    .Select(m => $"{where}: {selector.Name} has no {m.Label}{m.Operator}{m.Value}"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));
        Assert.True(expressions.Count > 40, "Dashboard or alerts were not read.");
    }

    [Fact]
    public async Task Every_alert_is_explained_in_the_runbook()
    {
        var runbook =
            await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations.md"), TestContext.Current.CancellationToken);
        var headings = Heading.Matches(runbook).Select(h => h.Groups[1].Value).ToList();
        Assert.Equal(
            Alerts().Select(a => a.Name).Order(), headings.Where(h => h.StartsWith("CandleStream", StringComparison.Ordinal)).Order());
        Assert.All(Alerts(), a => Assert.Equal($"docs/operations.md#{a.Name.ToLowerInvariant()}", a.Runbook));
    }

    [Fact(Timeout = Limit)]
    public async Task Prometheus_reads_the_page()
    {
        await using var server = await StartAsync();
        var page = await MeasuredAsync(server);
        var (_, output) = await Promtool.RunAsync(["check", "metrics"], page.Text);
        // The names of the runtime and of Npgsql are not ours to change: their counts of things that come and go end in _count.
        var complaints = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !CountOfOthers.IsMatch(line));
        Assert.Empty(complaints);
    }

    [Theory(Timeout = Limit)]
    [InlineData("check", "rules", "alerts.yml")]
    [InlineData("test", "rules", "alerts.test.yml")]
    public async Task Prometheus_accepts_the_alerts(string verb, string what, string file)
    {
        var (exitCode, output) = await Promtool.RunAsync([verb, what, Path.Combine(Repository.Root, "ops", "prometheus", file)]);
        Assert.True(exitCode == 0, output);
    }

    [Fact(Timeout = Limit)]
    public async Task Counters_begin_at_zero_and_count()
    {
        await using var server = await StartAsync();
        var before = await PageAsync(server);
        Assert.Contains(
            before.Samples, s => s is { Name: "candlestream_upstream_socket_ends_total", Value: 0 } && s.Labels["reason"] == "silent");
        Assert.Contains(before.Samples, s => s is { Name: "candlestream_stream_slow_closed_total", Value: 0 });
        var after = await MeasuredAsync(server);
        Assert.True(after.Sum("candlestream_upstream_frames_total", ("kind", "update")) > 0);
        Assert.True(after.Sum("candlestream_upstream_frames_total", ("kind", "snapshot")) >= 1);
        Assert.True(after.Sum("candlestream_stream_events_total") > 0);
        Assert.True(after.Sum("candlestream_store_batch_rows_sum") > 0);
        Assert.Equal(1, after.Sum("candlestream_upstream_socket_channels", ("slot", "1")));
        Assert.Equal(1, after.Sum("candlestream_store_up"));
    }

    [Fact(Timeout = Limit)]
    public async Task Series_and_subscribers_are_told_by_state()
    {
        await using var server = await StartAsync();
        await using var reader = server.Client.EventsAsync(Stream).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        await reader.MoveNextAsync();
        var page = await UntilAsync(server, p => p.Sum("candlestream_series", ("state", "live")) == 1);
        Assert.Equal(1, page.Sum("candlestream_series"));
        Assert.Equal(1, page.Sum("candlestream_subscribers"));
        Assert.Equal(1, page.Sum("candlestream_streams"));
        Assert.DoesNotContain(
            page.Samples, s => s.Name.StartsWith("candlestream", StringComparison.Ordinal) && s.Labels.ContainsKey("series"));
    }

    [Fact(Timeout = Limit)]
    public async Task As_many_series_as_allowed_have_metrics_of_their_own_and_a_closed_one_is_told_as_closed()
    {
        await using var server = await StartAsync("--Metrics:SeriesLabels=1", "--Streaming:Linger=00:00:00");
        await ReadCandleAsync(server, "/candles/stream?series=BTCUSD:1m",
            s => s.Sum("candlestream_labelled_series_state", ("series", "BTCUSD:1m"), ("state", "live")) == 1);
        var page =
            await UntilAsync(server, p => p.Sum("candlestream_labelled_series_state", ("series", "BTCUSD:1m"), ("state", "closed")) == 1);
        Assert.Equal(0, page.Sum("candlestream_labelled_series_state", ("series", "BTCUSD:1m"), ("state", "live")));
        await ReadCandleAsync(server, "/candles/stream?series=ETHUSD:1m", s => s.Sum("candlestream_series", ("state", "live")) == 1);
        Assert.DoesNotContain((await PageAsync(server)).Samples, s => s.Labels.GetValueOrDefault("series") == "ETHUSD:1m");
    }

    // A process of its own: listeners hear every meter of theirs, also those of another test's server.
    private static Task<ServerProcess> StartAsync(params string[] args) => ServerProcess.StartAsync(["--demo", "--port", "0", .. args]);

    private static async Task ReadCandleAsync(ServerProcess server, string path, Func<MetricsPage, bool> wished)
    {
        await using var reader = server.Client.EventsAsync(path).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        while (await reader.MoveNextAsync() && reader.Current.EventType != "message")
        {
        }

        await UntilAsync(server, wished);
    }

    // A reader, an update, a batch in the store, an answered request: then everything that is measured is there.
    private static async Task<MetricsPage> MeasuredAsync(ServerProcess server)
    {
        await using var reader = server.Client.EventsAsync(Stream).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        while (await reader.MoveNextAsync() && reader.Current.EventType != "message")
        {
        }

        return await UntilAsync(server, page => Measured.All(name => page.Samples.Any(s => s.Name == name))
            && page.Samples.Any(s => s.Name == "http_server_request_duration_seconds_count"));
    }

    private static async Task<MetricsPage> UntilAsync(ServerProcess server, Func<MetricsPage, bool> wished)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var page = await PageAsync(server);
            if (wished(page)) return page;
            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<MetricsPage> PageAsync(ServerProcess server) =>
        new(await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken));

    // Values that come with events, such as a status of 500, need not be there yet; those of our own metrics are, from the start.
    private static bool Exists(LabelMatcher matcher, List<MetricSample> samples)
    {
        if (LabelsOfPrometheus.Contains(matcher.Label)) return true;
        var values = samples.Select(s => s.Labels.GetValueOrDefault(matcher.Label)).OfType<string>().ToHashSet();
        if (values.Count == 0) return false;
        if (!samples[0].Name.StartsWith("candlestream", StringComparison.Ordinal)) return true;
        return matcher.Operator is "=" or "!=" ? values.Contains(matcher.Value) : matcher.Value.Split('|').All(values.Contains);
    }

    private static List<(string Name, string Expression, string Runbook)> Alerts()
    {
        var rules = File.ReadAllText(Path.Combine(Repository.Root, "ops", "prometheus", "alerts.yml"));
        var alerts = Alert.Matches(rules).Select(m => (m.Groups["name"].Value, m.Groups["expr"].Value, m.Groups["runbook"].Value)).ToList();
        Assert.Equal(rules.Split("- alert:").Length - 1, alerts.Count);
        return alerts;
    }

    private static IEnumerable<(string Where, string Expression)> Panels()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(Path.Combine(Repository.Root, "ops", "grafana", "candlestream.json")))!;
        var variable = (string)dashboard["templating"]!["list"]![1]!["query"]!["query"]!;
        return dashboard["panels"]!.AsArray()
            .SelectMany(p => (p!["targets"]?.AsArray() ?? []).Select(t => ($"panel {p["title"]}", (string)t!["expr"]!)))
            .Append(("variable", LabelValues.Match(variable).Groups[1].Value));
    }

    [GeneratedRegex(
        @"- alert: (?<name>\w+)\n\s+expr: (?<expr>.+)\n(?:\s+for: .+\n)?\s+labels: .+\n\s+annotations: .*runbook: (?<runbook>\S+)\}")]
    private static partial Regex Alert { get; }

    [GeneratedRegex(@"^label_values\((.+), \w+\)$")]
    private static partial Regex LabelValues { get; }

    [GeneratedRegex(@"^### (\w+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Heading { get; }

    [GeneratedRegex("""^(dotnet|db_client)_\w+_count .* should not have "_count" suffix$""")]
    private static partial Regex CountOfOthers { get; }
}
