using System.Net.Sockets;
using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>A long time with many series that come and go: nothing adds up, nothing is left behind.</summary>
[Collection(nameof(VirtualTime))]
public class ProviderDayTests
{
    private const int MostSeries = 250;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Series_opened_and_closed_all_day_need_no_more_sockets_connects_calls_or_channels_than_allowed(int seed)
    {
        await using var f = new ProviderFixture();
        var random = new Random(seed);
        var day = new Day(f, random);
        var end = f.Now + TimeSpan.FromMinutes(TestSize.Of(45, 24 * 60));
        while (f.Now < end)
        {
            day.Act();
            f.Exchange.RefusesConnects = random.Next(120) == 0 ? () => new SocketException((int)SocketError.ConnectionRefused)
                : random.Next(8) == 0 ? null : f.Exchange.RefusesConnects;
            if (random.Next(60) == 0 && f.Exchange.OpenSockets is { Count: > 0 } open) open[random.Next(open.Count)].Cut();
            await f.Pass(TimeSpan.FromMilliseconds(random.Next(20_000)));

            Assert.InRange(f.Exchange.OpenSockets.Count, 0, MostSeries / 25);
            Assert.All(f.Exchange.OpenSockets, s => Assert.InRange(s.Channels.Count, 0, 25));
        }

        f.Exchange.RefusesConnects = null;
        await f.Until(() => day.IsAllLive, TimeSpan.FromMinutes(30));
        Assert.Equal(day.Keys, f.Exchange.OpenSockets.SelectMany(s => s.Channels.Values).Order());

        ProviderOutageTests.AssertNeverMoreThan(20, f.Exchange.Connects);
        ProviderOutageTests.AssertNeverMoreThan(20, f.Exchange.RestCalls.Select(c => c.At));

        await day.CloseAllAsync();
        await f.Until(() => f.Exchange.OpenSockets.Count == 0, TimeSpan.FromMinutes(1));
        Assert.All(f.Exchange.Sockets, s => Assert.False(s.IsOpen));
    }

    private sealed class Day(ProviderFixture f, Random random)
    {
        private readonly Dictionary<string, (IFollowedSeries Followed, RecordingFeed Feed)> _open = [];

        public bool IsAllLive => _open.Values.All(o => o.Feed.State == SeriesState.Live);

        public IEnumerable<string> Keys => _open.Keys.Select(s => "trade:1m:t" + s.Split(':')[0]).Order();

        // A few at a time, and now and then as many as there may be.
        public void Act()
        {
            var changes = random.Next(50) == 0 ? MostSeries : random.Next(1, 6);
            for (; changes > 0; changes--)
            {
                var series = $"S{random.Next(400):000}USD:1m";
                if (_open.Remove(series, out var gone)) _ = gone.Followed.DisposeAsync().AsTask();
                else if (_open.Count < MostSeries) Follow(series);
                if (random.Next(3) == 0) _ = f.Provider.FetchAsync(ProviderFixture.Series(series), new TimeRange(60_000, 120_000),
                    (FetchPurpose)random.Next(4), TestContext.Current.CancellationToken);
            }
        }

        public async Task CloseAllAsync()
        {
            foreach (var (followed, _) in _open.Values) await followed.DisposeAsync();
            _open.Clear();
        }

        private void Follow(string series)
        {
            var feed = new RecordingFeed();
            _open[series] = (f.Provider.Follow(ProviderFixture.Series(series), feed), feed);
        }
    }
}
