using System.Globalization;

namespace CandleStream.Server.Commands;

/// <summary>
/// What a file of candles says of itself, in lines that begin with <c>#</c>: whose candles they are, and for which times they are known to
/// be complete. An export ends with such lines, so that its first line stays the header, and a file that was cut has lost them. All other
/// such lines are for people.
/// </summary>
internal sealed class FileNotes
{
    /// <summary>What every file with simulated prices says somewhere, ours and the page's.</summary>
    public const string Simulated = "SIMULATED";

    private const string SeriesNote = "# CandleStream export of ", VerifiedNote = "# verified ", EndNote = "# end of ", EndUnit =
        " candles";

    /// <summary>The series that the file names; null where it names none.</summary>
    public SeriesKey? Series { get; private set; }

    public bool IsSimulated { get; private set; }

    /// <summary>The times for which the file is complete; null where it does not say.</summary>
    public TimeRangeSet? Verified { get; private set; }

    /// <summary>How many candles there are, by the file's last line; null where it does not say.</summary>
    public long? Rows { get; private set; }

    public static IEnumerable<string> Write(SeriesKey series, string source, bool isSimulated, TimeRangeSet verified, long rows)
    {
        yield return $"{SeriesNote}{series}, source {source}{(isSimulated ? $", {Simulated}: no real prices" : "")}";
        foreach (var range in verified.Ranges)
            yield return string.Create(CultureInfo.InvariantCulture, $"{VerifiedNote}{range.From} {range.To}");
        yield return string.Create(CultureInfo.InvariantCulture, $"{EndNote}{rows}{EndUnit}");
    }

    /// <exception cref="CommandException">A line of ours cannot be read, or the last one is missing.</exception>
    /// <param name="lines">The lines that begin with <c>#</c>.</param>
    /// <param name="file">How the file is named in errors.</param>
    /// <param name="isSimulated">True where another line says so.</param>
    public static FileNotes Read(IEnumerable<string> lines, string file, bool isSimulated = false)
    {
        var notes = new FileNotes { IsSimulated = isSimulated };
        foreach (var line in lines) notes.Take(line, file);
        if (notes.Rows is null && (notes.Series is not null || notes.Verified is not null))
            throw new CommandException($"{file} ends too early: the line '{EndNote}…{EndUnit}' is missing.");
        // Ours, and nothing in it is known to be complete: that is said, too.
        if (notes.Rows is not null) notes.Verified ??= TimeRangeSet.Empty;
        return notes;
    }

    private void Take(string line, string file)
    {
        IsSimulated |= line.Contains(Simulated, StringComparison.Ordinal);
        if (line.StartsWith(SeriesNote, StringComparison.Ordinal))
        {
            if (!SeriesKey.TryParse(line[SeriesNote.Length..].Split(',', ' ')[0], out var series)) throw Unreadable(line, file);
            Series = series;
        }
        else if (line.StartsWith(VerifiedNote, StringComparison.Ordinal))
        {
            Verified = (Verified ?? TimeRangeSet.Empty).Add(ReadRange(line[VerifiedNote.Length..]) ?? throw Unreadable(line, file));
        }
        else if (line.StartsWith(EndNote, StringComparison.Ordinal))
        {
            var text = line[EndNote.Length..];
            if (!text.EndsWith(EndUnit, StringComparison.Ordinal) || ReadNumber(text[..^EndUnit.Length]) is not { } rows)
                throw Unreadable(line, file);
            Rows = rows;
        }
    }

    private static TimeRange? ReadRange(string text) =>
        text.Split(' ') is [var first, var second] && ReadNumber(first) is { } from && ReadNumber(second) is { } to && from < to
            ? new TimeRange(from, to)
            : null;

    private static long? ReadNumber(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static CommandException Unreadable(string line, string file) =>
        new($"{file}: the line '{line[..Math.Min(line.Length, 80)]}' cannot be read.");
}
