using System.Text.RegularExpressions;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>A metric that an expression asks for, and the labels it must have.</summary>
internal sealed record MetricSelector(string Name, IReadOnlyList<LabelMatcher> Matchers);

/// <summary>A label, an operator (<c>=</c>, <c>!=</c>, <c>=~</c>, <c>!~</c>), and what it is compared with.</summary>
internal sealed record LabelMatcher(string Label, string Operator, string Value);

/// <summary>Which metrics a PromQL expression names: every word that is no function, keyword, label or number.</summary>
internal static partial class PromQl
{
    private static readonly string[] Keywords = ["and", "or", "unless", "by", "without", "on", "ignoring", "bool", "offset"];

    public static IReadOnlyList<MetricSelector> Selectors(string expression)
    {
        var found = new List<MetricSelector>();
        foreach (Match word in Word.Matches(Grouping.Replace(expression, " ")))
        {
            var name = word.Groups["name"].Value;
            if (name.Length == 0 || Keywords.Contains(name)) continue;
            found.Add(new MetricSelector(name, [.. Matcher.Matches(word.Groups["matchers"].Value)
                .Select(m => new LabelMatcher(m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value))]));
        }

        return found;
    }

    [GeneratedRegex(@"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)|\[[^\]]*\]")]
    private static partial Regex Grouping { get; }

    // A word before a parenthesis is a function, and numbers are skipped whole: 5e3 holds no metric.
    [GeneratedRegex("""\d[\w.]*|[a-zA-Z_:][\w:]*\s*\(|(?<name>[a-zA-Z_:][\w:]*)\s*(\{(?<matchers>[^}]*)\})?""")]
    private static partial Regex Word { get; }

    [GeneratedRegex("""(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)\u0022""")]
    private static partial Regex Matcher { get; }
}
