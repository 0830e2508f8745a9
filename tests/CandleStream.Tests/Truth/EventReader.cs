using System.Runtime.InteropServices;
using System.Text;

namespace CandleStream.Tests.Truth;

/// <summary>
/// Server-sent events out of a stream of bytes, by the letter of the standard; shares no code with the clients of the product.
/// </summary>
internal sealed class EventReader(Stream body)
{
    private readonly List<byte> _line = [];
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly StringBuilder _data = new();
    private string _name = "message";
    private string? _id;
    private int _at;
    private int _end;

    /// <summary>The next event; null at the end. An event whose last line did not come is none.</summary>
    public async ValueTask<ServerEvent?> ReadAsync(CancellationToken cancel)
    {
        while (true)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, await body.ReadAsync(_buffer, cancel));
                if (_end == 0) return null;
            }

            var next = _buffer[_at++];
            if (next != (byte)'\n')
            {
                _line.Add(next);
                continue;
            }

            var line = Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(_line));
            _line.Clear();
            if (line.Length > 0)
            {
                Take(line);
                continue;
            }

            var read = new ServerEvent(_name, _id, _data.ToString());
            var isEvent = _data.Length > 0;
            _data.Clear();
            (_name, _id) = ("message", null);
            if (isEvent) return read;
        }
    }

    private void Take(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..].TrimStart(' '));
        switch (field)
        {
            case "event": _name = value; break;
            case "id": _id = value; break;
            case "data": _data.Append(value); break;
        }
    }
}

/// <summary>One event.</summary>
/// <param name="Name"><c>message</c> where it has none.</param>
/// <param name="Id">Null where it came without one.</param>
/// <param name="Data">JSON.</param>
internal readonly record struct ServerEvent(string Name, string? Id, string Data);
