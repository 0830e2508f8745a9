using System.Diagnostics;
using System.Text.Json;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// A client in a process of its own that prints every candle as a line of JSON. What it prints must only ever get newer, but after a reset.
/// </summary>
internal sealed class LineFollower : Follower
{
    private readonly Process _process;
    private readonly List<string> _complaints = [];

    // Guarded by Gate.
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _held =
        FastMarket.Series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());
    private long _lines;

    public LineFollower(string name, string folder, IReadOnlyDictionary<string, string> environment, params string[] command)
    {
        Name = name;
        var start = new ProcessStartInfo(
            command[0], command[1..])
        { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (key, value) in environment) start.Environment[key] = value;
        _process = new Process { StartInfo = start };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_complaints) _complaints.Add(line.Data ?? "");
        };
        _process.Start();
        _process.BeginErrorReadLine();
        Start(ReadAsync);
    }

    public string Name { get; }

    /// <summary>Lines so far.</summary>
    public long Lines => Interlocked.Read(ref _lines);

    protected override IDisposable Client => new Ending(_process);

    protected override IEnumerable<Candle> Held(SeriesKey series) => _held[series].Values;

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync(Stopping) is { } line)
        {
            Interlocked.Increment(ref _lines);
            var json = JsonElement.Parse(line);
            lock (Gate)
            {
                if (json.TryGetProperty("reset", out var reset)) _held[SeriesKey.Parse(reset.GetString()!)].Clear();
                else Take(json);
            }
        }

        lock (_complaints) throw new InvalidOperationException($"{Name} ended: {string.Join('\n', _complaints)}");
    }

    private void Take(JsonElement json)
    {
        var candle = new Candle(
            json.GetProperty("time").GetInt64(), Number("open"), Number("high"), Number("low"), Number("close"), Number("volume"),
            json.GetProperty("closed").GetBoolean(), new Rev(json.GetProperty("rev").GetInt64()));
        _held[SeriesKey.Parse($"{json.GetProperty("symbol").GetString()}:{json.GetProperty("timeframe").GetString()}")][candle.Time] =
            candle;

        decimal Number(string name) => json.GetProperty(name).GetDecimal();
    }

    private sealed class Ending(Process process) : IDisposable
    {
        public void Dispose()
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }
}
