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
