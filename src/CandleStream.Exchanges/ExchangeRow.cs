using System.Text.Json;

namespace CandleStream.Exchanges;

/// <summary>Reads the elements of a row, from its first one on; it may stop before the last. False where they are no candle.</summary>
internal delegate bool RowElements<T>(ref Utf8JsonReader json, out T row, out long? openTime);

/// <summary>Rows of REST answers that are JSON arrays: one that cannot be read costs only itself.</summary>
internal static class ExchangeRow
{
    /// <summary>Reads the array that the reader stands on, to its closing bracket, whether the row can be read or not.</summary>
    /// <param name="json">The reader.</param>
    /// <param name="elements">Reads what is in it.</param>
    /// <param name="row">What was read.</param>
    /// <param name="openTime">Its open time, also where the rest cannot be read; null where the time cannot be.</param>
    public static bool TryRead<T>(ref Utf8JsonReader json, RowElements<T> elements, out T row, out long? openTime)
        where T : struct
    {
        row = default;
        openTime = null;
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return false;
        }

        var depth = json.CurrentDepth;
        json.Read();
        var isRead = elements(ref json, out row, out openTime);
        while (json.TokenType != JsonTokenType.EndArray || json.CurrentDepth != depth) json.Read();
        return isRead;
    }
}
