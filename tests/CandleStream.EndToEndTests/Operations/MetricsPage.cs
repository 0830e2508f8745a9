using System.Globalization;
using System.Text.RegularExpressions;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>One value of a metrics page.</summary>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>The text of <c>/metrics</c>, read.</summary>
internal sealed partial class MetricsPage(string text)
{
    public string Text { get; } = text;

    public IReadOnlyList<MetricSample> Samples { get; } =
        [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(Read)];

    /// <summary>The sum of all values of a name whose labels fit.</summary>
    public double Sum(string name, params (string Label, string Value)[] labels) =>
        Samples.Where(s => s.Name == name && labels.All(l => s.Labels.GetValueOrDefault(l.Label) == l.Value)).Sum(s => s.Value);

    private static MetricSample Read(string line)
    {
        var match = Sample.Match(line);
        Assert.True(match.Success, $"Not a sample: {line}");
        var labels = Label.Matches(match.Groups["labels"].Value).ToDictionary(l => l.Groups[1].Value, l => l.Groups[2].Value);
        return new MetricSample(match.Groups["name"].Value, labels, ValueOf(match.Groups["value"].Value));
    }

    private static double ValueOf(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)( \d+)?$""")]
    private static partial Regex Sample { get; }

    [GeneratedRegex("""([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)""")]
    private static partial Regex Label { get; }
}
