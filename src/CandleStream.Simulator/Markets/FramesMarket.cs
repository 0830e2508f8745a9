using System.Text;
using System.Text.Json;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// Replays the candles channels of a recorded session: each payload as it was written, under the subscriber's own channel number and with
/// the numbers and times that it asked for. The replay begins with the first subscription and follows the recorded times at the speed
/// asked for; frames without a time come as fast as they are taken.
/// </summary>
public sealed class FramesMarket : IMarket
{
    private readonly TimeProvider _time;
    private readonly double _speed;
    private readonly List<Step> _steps;
    private readonly HashSet<string> _keys;
    private readonly CancellationTokenSource _stopping = new();

    // Guarded by the sink's gate.
    private readonly Dictionary<string, SortedDictionary<long, MarketCandle>> _seen = [];
    private IMarketSink? _sink;
    private Task _replay = Task.CompletedTask;
    private bool _hasBegun;
    private long _now;

    /// <exception cref="InvalidDataException">The file has no candles channel.</exception>
    public FramesMarket(string path, double speed, TimeProvider time)
    {
        _time = time;
        _speed = speed;
        _steps = ReadSteps(RecordedFrames.Read(path));
        if (_steps.Count == 0)
            throw new InvalidDataException($"{path} holds no candles channel.");
        _keys = [.. _steps.Select(step => step.Key.Text)];
        Pairs = [.. _steps.Select(step => step.Key.Pair).Distinct()];
        _now = _steps[0].Time ?? time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    public IReadOnlyList<string> Pairs { get; }

    public long Now => Interlocked.Read(ref _now);

    public void Start(IMarketSink sink) => _sink = sink;

    public bool Lists(CandleKey key) => _keys.Contains(key.Text);

    public IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false)
    {
        var inRange = Seen(key).Values.Where(candle => candle.Time >= first && candle.Time <= last);
        return oldest ? [.. inRange.Take(limit)] : [.. inRange.TakeLast(limit)];
    }

    public void Watch(CandleKey key)
    {
        if (_hasBegun)
            return;
        _hasBegun = true;
        // The recorded snapshots are the first ones' own: they are played before the subscription is answered.
        var opening = _steps.Where(step => step.IsSnapshot).DistinctBy(step => step.Key.Text).ToList();
        foreach (var step in opening)
            Take(step);
        _replay = Task.Run(() => ReplayAsync(_steps.Except(opening).ToList()));
    }

    public void Unwatch(CandleKey key)
    {
    }

    public bool AddLateTrade(string pair) => false;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _replay;
        _stopping.Dispose();
    }

    private static List<Step> ReadSteps(IEnumerable<RecordedFrame> frames)
    {
        var keys = new Dictionary<int, CandleKey>();
        var steps = new List<Step>();
        foreach (var frame in frames)
        {
            var root = frame.Json;
            if (root.ValueKind == JsonValueKind.Object)
                Follow(root, keys);
            else if (RecordedFrames.Payload(root) is { } payload && keys.TryGetValue(payload.Channel, out var key))
                steps.Add(new Step(key, payload.Text, payload.Stamp ?? frame.Time));
        }
        return steps;
    }

    private static void Follow(JsonElement frame, Dictionary<int, CandleKey> keys)
    {
        if (!frame.TryGetProperty("chanId", out var id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out var channel))
            return;
        var name = Text(frame, "event");
        if (name == "subscribed" && CandleKey.TryParse(Text(frame, "key"), out var key))
            keys[channel] = key;
        else if (name == "unsubscribed")
            keys.Remove(channel);
    }

    private static string? Text(JsonElement frame, string name) =>
        frame.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // No timer waits longer; a recording that says so is mistaken.
    private static TimeSpan Wait(double ms) => TimeSpan.FromMilliseconds(Math.Min(ms, int.MaxValue));

    private async Task ReplayAsync(List<Step> steps)
    {
        try
        {
            foreach (var step in steps)
            {
                if (step.Time is { } due && due > Now && !double.IsPositiveInfinity(_speed))
                    await Task.Delay(Wait((due - Now) / _speed), _time, _stopping.Token);
                lock (_sink!.Gate)
                {
                    Take(step);
                    _sink.PublishText(step.Key, Encoding.UTF8.GetBytes(step.Payload), Now);
                }
                await _sink.WaitForRoomAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The simulator stops in the middle of a replay.
        }
    }

    private void Take(Step step)
    {
        Interlocked.Exchange(ref _now, Math.Max(Now, step.Time ?? 0));
        using var json = JsonDocument.Parse(step.Payload);
        var payload = json.RootElement;
        if (payload.ValueKind != JsonValueKind.Array || payload.GetArrayLength() == 0)
            return;
        if (payload[0].ValueKind != JsonValueKind.Array)
            Remember(step.Key, payload);
        else
            foreach (var candle in payload.EnumerateArray())
                Remember(step.Key, candle);
    }

    private void Remember(CandleKey key, JsonElement candle)
    {
        // What is no candle is sent as it was recorded, and is no history.
        if (candle.ValueKind != JsonValueKind.Array || candle.GetArrayLength() < 6 || candle[0].ValueKind != JsonValueKind.Number
            || !candle[0].TryGetInt64(out var time))
            return;
        var values = new decimal[5];
        for (var i = 0; i < values.Length; i++)
        {
            if (candle[i + 1].ValueKind != JsonValueKind.Number || !candle[i + 1].TryGetDecimal(out values[i]))
                return;
        }
        Seen(key)[time] = new MarketCandle(time, Open: values[0], High: values[2], Low: values[3], Close: values[1], Volume: values[4]);
    }

    private SortedDictionary<long, MarketCandle> Seen(CandleKey key)
    {
        if (!_seen.TryGetValue(key.Text, out var candles))
            _seen[key.Text] = candles = [];
        return candles;
    }

    private sealed record Step(CandleKey Key, string Payload, long? Time)
    {
        public bool IsSnapshot => Payload == "[]" || Payload.StartsWith("[[", StringComparison.Ordinal);
    }
}
