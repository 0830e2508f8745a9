using System.Diagnostics.Metrics;
using CandleStream.Server.Streams.Sending;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Sse;

/// <summary>When memory is given back after a wave of opening streams.</summary>
public sealed class MemoryTrimTests
{
    [Fact]
    public void Never_while_streams_are_opening_and_once_when_they_do_not_any_more()
    {
        var policy = new TrimPolicy();
        for (var opened = 0; opened <= 10_000; opened += TrimPolicy.Calm) Assert.False(policy.IsDue(opened));
        Assert.True(policy.IsDue(10_000 + TrimPolicy.Calm - 1));
        for (var look = 0; look < 100; look++) Assert.False(policy.IsDue(10_000 + TrimPolicy.Calm - 1));
    }

    [Fact]
    public void Not_for_a_few_streams_and_not_twice_within_a_minute()
    {
        var policy = new TrimPolicy();
        Assert.False(policy.IsDue(TrimPolicy.WorthIt - 1));
        Assert.False(policy.IsDue(TrimPolicy.WorthIt - 1));
        Assert.True(policy.IsDue(TrimPolicy.WorthIt));
        Assert.False(policy.IsDue(3 * TrimPolicy.WorthIt));
        for (var look = 1; look < TrimPolicy.Rest; look++) Assert.False(policy.IsDue(3 * TrimPolicy.WorthIt));
        Assert.True(policy.IsDue(3 * TrimPolicy.WorthIt));
    }

    [Fact(Timeout = 30_000)]
    public async Task It_collects_by_the_clock_it_is_given()
    {
        var time = new FakeTimeProvider();
        await using var services = new ServiceCollection().AddMetrics().AddSingleton<StreamCounters>().BuildServiceProvider();
        var counters = services.GetRequiredService<StreamCounters>();
        var collected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var trim = new MemoryTrim(counters, time, services.GetRequiredService<IMeterFactory>(), () => collected.TrySetResult());
        for (var i = 0; i < TrimPolicy.WorthIt; i++) counters.StreamOpened();
        await trim.StartAsync(TestContext.Current.CancellationToken);
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!collected.Task.IsCompleted)
        {
            time.Advance(TrimPolicy.LookEvery);
            await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        await trim.StopAsync(TestContext.Current.CancellationToken);
    }
}
