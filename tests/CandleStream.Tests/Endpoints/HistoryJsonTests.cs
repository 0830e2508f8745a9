using System.Text.Json;
using CandleStream.Server.History;
using CandleStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace CandleStream.Tests.Endpoints;

public sealed class HistoryJsonTests
{
    private const int Count = 10_000;

    [Fact]
    public async Task A_long_answer_leaves_while_it_is_written()
    {
        var candles = Enumerable.Range(0, Count)
            .Select(i => new Candle(i * 60_000L, 6380.1m, 6382, 6379.9m, 6381.5m, 0.00000031m, true, new Rev(i + 1))).ToList();
        await using var body = new CountingStream();
        var context = new DefaultHttpContext { Response = { Body = body } };

        await HistoryJson.WriteAsync(
            context.Response, new HistoryAnswer(SeriesKey.Parse("BTCUSD:1m"), candles, new Rev(7), [], null, Reset: false),
            TestContext.Current.CancellationToken);
        await context.Response.BodyWriter.FlushAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Count, JsonElement.Parse(body.ToArray()).GetProperty("candles").GetArrayLength());
        Assert.InRange(body.LargestStep, 1, 64 * 1024);
    }

    /// <summary>Remembers the most bytes that came between two flushes.</summary>
    private sealed class CountingStream : MemoryStream
    {
        private long _flushed;

        public long LargestStep { get; private set; }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            LargestStep = Math.Max(LargestStep, Length - _flushed);
            _flushed = Length;
            return Task.CompletedTask;
        }
    }
}
