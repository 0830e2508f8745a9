using System.Buffers;
using System.Text.Json;

namespace CandleStream.Server.Doors;

/// <summary>JSON that is written value by value, because a decimal must keep its digits.</summary>
internal static class JsonBytes
{
    public static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return buffer.WrittenSpan.ToArray();
    }
}
