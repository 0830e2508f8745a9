using System.Text.Json;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;

namespace CandleStream.Benchmarks;

/// <summary>One update frame to one candle: our parser beside the framework's document and serializer doing the same.</summary>
[MemoryDiagnoser]
public class ParserBench
{
    private static readonly byte[] Frame =
        "[343351,[1574698260000,7379.785503,7383.8,7388.3,7379.785503,1.68829482],1042,1574698261234]"u8.ToArray();

    private readonly byte[] _binanceFrame = [.. BinanceFrame];

    private static ReadOnlySpan<byte> BinanceFrame =>
        """{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1574698261234,"s":"BTCUSDT","k":{"t":1574698260000,"T":1574698319999,"s":"BTCUSDT","i":"1m","f":208012345,"L":208012397,"o":"7379.78000000","c":"7383.80000000","h":"7388.30000000","l":"7379.78000000","v":"1.68829400","n":53,"x":false,"q":"12462.43127000","V":"0.91230000","Q":"6735.12210000","B":"0"}}}"""u8;

    private readonly byte[] _krakenFrame = [.. KrakenFrame];

    private static ReadOnlySpan<byte> KrakenFrame =>
        """{"channel":"ohlc","type":"update","timestamp":"2019-11-25T16:11:01.234567891Z","data":[{"symbol":"BTC/USD","open":7379.7,"high":7388.3,"low":7379.7,"close":7383.8,"trades":53,"volume":1.68829482,"vwap":7381.9,"interval_begin":"2019-11-25T16:11:00.000000000Z","interval":1,"timestamp":"2019-11-25T16:12:00.000000Z"}]}"""u8;

    private readonly List<CandleStream.Exchanges.Kraken.KrakenRow> _rows = [];
    private readonly List<Candle> _snapshot = [];
    private readonly List<UnreadableRow> _unreadable = [];
    private readonly byte[] _frame = [.. Frame];

    public static Task<int> RunAsync(string[] args)
    {
        BenchmarkRunner.Run<ParserBench>(DefaultConfig.Instance.AddJob(Job.ShortRun), args);
        return Task.FromResult(0);
    }

    [Benchmark(Baseline = true)]
    public decimal BitfinexFrameParser() =>
        CandleStream.Exchanges.Bitfinex.BitfinexFrameParser.Parse(
            _frame, ConfFlags.Timestamp | ConfFlags.SequenceAll, _snapshot, _unreadable).Candle.Close;

    [Benchmark]
    public decimal BinanceFrameParser() => CandleStream.Exchanges.Binance.BinanceFrameParser.Parse(_binanceFrame).Kline.Candle.Close;

    [Benchmark]
    public decimal KrakenFrameParser()
    {
        CandleStream.Exchanges.Kraken.KrakenFrameParser.Parse(_krakenFrame, _rows);
        return _rows[0].Candle.Close;
    }

    [Benchmark]
    public decimal Document()
    {
        using var document = JsonDocument.Parse(_frame);
        var values = document.RootElement[1];
        return new Candle(values[0].GetInt64(), values[1].GetDecimal(), values[3].GetDecimal(), values[4].GetDecimal(),
            values[2].GetDecimal(), values[5].GetDecimal()).Close;
    }

    [Benchmark]
    public decimal Serializer()
    {
        var frame = JsonSerializer.Deserialize<JsonElement[]>(_frame)!;
        var values = frame[1].Deserialize<decimal[]>()!;
        return new Candle((long)values[0], values[1], values[3], values[4], values[2], values[5]).Close;
    }
}
