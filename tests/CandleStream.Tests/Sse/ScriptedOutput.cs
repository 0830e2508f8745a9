using System.Text;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Tests.Sse;

/// <summary>A client whose socket takes as many bytes as the test says. Any thread.</summary>
/// <param name="sent">Called with each event that went out whole.</param>
internal sealed class ScriptedOutput(Action<string>? sent = null) : Output
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private long _room = long.MaxValue;
    private int _told;

    public override SseFraming Framing => SseFraming.Plain;

    public override bool IsReady
    {
        get
        {
            lock (_gate) return _room > 0;
        }
    }

    /// <summary>Called when it takes bytes again, as a socket tells its sender.</summary>
    public Action? Ready { get; set; }

    /// <summary>Bytes it takes from here on.</summary>
    public long Room
    {
        set
        {
            lock (_gate) _room = value;
            if (value > 0) Ready?.Invoke();
        }
    }

    public string Text
    {
        get
        {
            lock (_gate) return _text.ToString();
        }
    }

    /// <summary>
    /// The events that went out whole, each by its type and its rev: <c>synced</c>, <c>closed 4</c>, <c>forming 5</c>, <c>delta 6</c>.
    /// </summary>
    public string Events => string.Join(", ", Split(Text).Select(Brief));

    public override int Send(ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            var taken = (int)Math.Min(_room, bytes.Length);
            _room -= taken;
            _text.Append(Encoding.UTF8.GetString(bytes.Span[..taken]));
            var whole = Split(_text.ToString());
            for (; sent is not null && _told < whole.Count; _told++) sent(Brief(whole[_told]));
            return taken;
        }
    }

    public override ValueTask SettleAsync() => default;

    private static List<string> Split(string text) => [.. text.Split("\n\n").SkipLast(1)];

    private static string Brief(string text)
    {
        var lines = text.Split('\n').Select(line => line.Split(": ", 2)).ToDictionary(line => line[0], line => line[1]);
        var type = lines.GetValueOrDefault("event")
            ?? (lines["data"].Contains("\"closed\":true", StringComparison.Ordinal) ? "closed" : "forming");
        return lines.TryGetValue("id", out var id) && type != "synced" ? $"{type} {id}" : type;
    }
}
