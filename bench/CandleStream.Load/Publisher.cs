using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace CandleStream.Load;

/// <summary>Posts candles at a steady rate, one request each, as a back end feeds a stream server that has none.</summary>
internal static class Publisher
{
    public static async Task<int> RunAsync(Uri url, string path, int series, double rate, TimeSpan duration, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 4 }) { BaseAddress = url };
        var paths = Enumerable.Range(0, series).Select(i => string.Format(CultureInfo.InvariantCulture, path, i)).ToArray();
        var total = (long)(rate * series * duration.TotalSeconds);
        var clock = Stopwatch.StartNew();
        for (var i = 0L; i < total; i++)
        {
            var due = TimeSpan.FromSeconds(i / (rate * series)) - clock.Elapsed;
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, cancel);
            using var answer = await http.PostAsync(paths[i % series], Candle(i % series, i), cancel);
            answer.EnsureSuccessStatusCode();
        }

        return 0;
    }

    // The same bytes as the product's own event, so that both send as much.
    private static ByteArrayContent Candle(long series, long number)
    {
        var now = LoadRun.NowUs;
        var data = string.Create(CultureInfo.InvariantCulture,
            $"{{\"symbol\":\"LOAD{series:000}USD\",\"timeframe\":\"1m\",\"time\":{now / 60_000_000 * 60_000},\"open\":64321.12,\"high\":64399.5,\"low\":64280.01,\"close\":64350.77,\"volume\":{number % 10_000}.34567,\"closed\":false,\"rev\":{now}}}");
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(data));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        return content;
    }
}
