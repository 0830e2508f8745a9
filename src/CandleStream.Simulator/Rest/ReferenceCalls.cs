using System.Buffers;
using System.Text.Json;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Rest;

/// <summary>
/// What clients ask about the market itself: <c>/conf</c>, <c>/tickers</c>, <c>/ticker</c> (Bitfinex docs, rest-public-conf,
/// rest-public-tickers).
/// </summary>
internal sealed class ReferenceCalls(SimulatorExchange exchange)
{
    // A perpetual's two sides end in F0; conf lists them apart from the exchange pairs.
    private static bool IsFuture(string pair) => pair.EndsWith("F0", StringComparison.Ordinal);

    /// <summary>One element per label, in order; a label without data gets an empty list.</summary>
    public RestAnswer Conf(string labels) => Write(json =>
    {
        json.WriteStartArray();
        foreach (var label in labels.Split(','))
            WriteLabel(json, label);
        json.WriteEndArray();
    });

    public RestAnswer Tickers(string? symbols)
    {
        if (string.IsNullOrEmpty(symbols))
            return RestAnswer.Error(500, 10020, "symbols: invalid");
        var wanted = symbols == "ALL" ? exchange.Market.Pairs.Select(pair => "t" + pair) : symbols.Split(',');
        return Write(json =>
        {
            json.WriteStartArray();
            foreach (var symbol in wanted.Where(IsListed))
            {
                json.WriteStartArray();
                json.WriteStringValue(symbol);
                WriteTicker(json, symbol);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        });
    }

    public RestAnswer Ticker(string symbol) => !IsListed(symbol) ? RestAnswer.Error(500, 10020, "symbol: invalid") : Write(json =>
    {
        json.WriteStartArray();
        WriteTicker(json, symbol);
        json.WriteEndArray();
    });

    private bool IsListed(string symbol) => symbol is ['t', ..] && exchange.Market.Pairs.Contains(symbol[1..]);

    private void WriteLabel(Utf8JsonWriter json, string label)
    {
        var spot = exchange.Market.Pairs.Where(pair => !IsFuture(pair));
        json.WriteStartArray();
        switch (label)
        {
            case "pub:list:pair:exchange":
                WriteTexts(json, spot);
                break;
            case "pub:list:pair:futures":
                WriteTexts(json, exchange.Market.Pairs.Where(IsFuture));
                break;
            case "pub:list:currency":
                WriteTexts(json, exchange.Market.Pairs.SelectMany(Currencies).Distinct().Order(StringComparer.Ordinal));
                break;
            case "pub:info:pair":
                foreach (var pair in spot)
                    WritePairInfo(json, pair);
                break;
            case "pub:info:pair:futures":
                foreach (var pair in exchange.Market.Pairs.Where(IsFuture))
                    WritePairInfo(json, pair);
                break;
        }
        json.WriteEndArray();
    }

    private static string[] Currencies(string pair) =>
        pair.Split(':') is [var left, var right] ? [left, right] : pair.Length == 6 ? [pair[..3], pair[3..]] : [pair[..^3], pair[^3..]];

    private static void WriteTexts(Utf8JsonWriter json, IEnumerable<string> texts)
    {
        foreach (var text in texts)
            json.WriteStringValue(text);
    }

    private static void WritePairInfo(Utf8JsonWriter json, string pair)
    {
        json.WriteStartArray();
        json.WriteStringValue(pair);
        json.WriteRawValue("""[null,null,null,"0.00004","2000.0",null,null,null,0.1,0.05,null,null]""");
        json.WriteEndArray();
    }

    /// <summary>BID, BID_SIZE, ASK, ASK_SIZE, CHANGE, CHANGE_REL, LAST, VOLUME, HIGH, LOW of the last 24 hours.</summary>
    private void WriteTicker(Utf8JsonWriter json, string symbol)
    {
        IReadOnlyList<MarketCandle> day;
        lock (exchange.Gate)
            day = exchange.Market.Candles(
                CandleKey.Parse($"trade:1h:{symbol}"), exchange.Market.Now - MarketTimeframe.Day, long.MaxValue, 25);
        if (day.Count == 0)
        {
            for (var field = 0; field < 10; field++)
                json.WriteNullValue();
            return;
        }
        var (first, last) = (day[0].Open, day[^1].Close);
        foreach (var value in (decimal[])[
            last * 0.9999m, 1, last * 1.0001m, 1, last - first, decimal.Round((last - first) / first, 8), last,
            day.Sum(hour => hour.Volume), day.Max(hour => hour.High), day.Min(hour => hour.Low)])
        {
            json.WriteRawValue(WireText.Number(value));
        }
    }

    private static RestAnswer Write(Action<Utf8JsonWriter> body)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(text))
            body(json);
        return RestAnswer.Json(text.WrittenSpan.ToArray());
    }
}
