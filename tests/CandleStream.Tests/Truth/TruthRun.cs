using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Tests.Bitfinex;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Truth;

/// <summary>
/// One seed of the truth test: a synthetic market runs for hours through the real server, over the real protocols of both sides, while the
/// exchange, the store, the clock and the clients' lines fail; all the time, and at the end, everything is compared with the market's own
/// ledger.
/// </summary>
internal sealed class TruthRun : IAsyncDisposable
{
    // A half-open connection may never be read to its end: then time goes on all the same.
    private const int MaxLooks = 100;

    private const int InspectEvery = 150;

    private static readonly TimeSpan LongestStep = TimeSpan.FromHours(1);

    private readonly TruthPlan _plan;
    private readonly Random _random;
    private readonly FakeTimeProvider _time;
    private readonly SteppedClock _clock;
    private readonly string _folder = Directory.CreateTempSubdirectory("candlestream-truth-").FullName;
    private readonly string? _databaseUrl;
    private readonly BitfinexSimulator _exchange;
    private readonly ExchangeTap _tap;
    private readonly ExchangeStorm _exchangeStorm;
    private readonly StoreStorm _storeStorm;
    private readonly TruthJudge _judge;
    private readonly List<TruthReader> _readers;
    private readonly TruthFollower _follower;
    private readonly TruthPoller _poller;
    private readonly TruthAsker _asker;
    private readonly HttpClient _fence = new();
    private TruthServer? _server;
    private bool _hasBegun = true;
    private int _lives;
    private int _steps;

    private TruthRun(TruthPlan plan, BitfinexSimulator exchange, FakeTimeProvider time, string? databaseUrl)
    {
        (_plan, _exchange, _time, _databaseUrl) = (plan, exchange, time, databaseUrl);
        _random = new Random(plan.Seed);
        _clock = new SteppedClock(time);
        _tap = new ExchangeTap(time);
        _exchangeStorm = new ExchangeStorm(_random, plan.ExchangeFaults, [.. plan.Series.Select(TruthJudge.KeyOf)]);
        _storeStorm = new StoreStorm(_random, TruthPlan.StoreFaults,
            new DatabaseTrouble(Path.Combine(_folder, TruthServer.DatabaseFile), databaseUrl), time);
        _judge = new TruthJudge(plan, exchange, _tap, _storeStorm, time);
        var wasToldWrongTime = () => _exchangeStorm.HasToldWrongTime;
        _readers =
        [
            new TruthReader("reader", plan.Series, new ReaderWishes(), NewWire(), time, wasToldWrongTime),
            new TruthReader("reader with deltas", plan.Series, new ReaderWishes(Snapshot: 50, Delta: true), NewWire(), time,
                wasToldWrongTime),
            new TruthReader("reader with max_rate", plan.Series, new ReaderWishes(Snapshot: 5, MaxRate: plan.Seed % 2 == 0 ? 0.2m : 0),
                NewWire(), time, wasToldWrongTime),
        ];
        _follower = new TruthFollower(plan.Series, delta: plan.Seed % 2 == 0, NewWire(), time, new Random(_random.Next()),
            wasToldWrongTime);
        _poller = new TruthPoller(plan.Series, NewWire(), wasToldWrongTime);
        _asker = new TruthAsker(plan.Series, _random, NewWire(), time.GetUtcNow().ToUnixTimeMilliseconds(), time);
    }

    public string Report =>
        $"{_plan}; {_lives} lives, readers: {_readers.Sum(r => r.Events)} events, {_readers.Sum(r => r.Resumes)} resumes, "
        + $"{_readers.Sum(r => r.Resets)} resets, C# client: {_follower.Resets} resets, {_poller.Answers} polls answered, "
        + $"{_poller.Resets} of them resets, {_asker.Answers} ranges answered, "
        + $"faults of the store: {_storeStorm.History}; of the exchange: {_exchangeStorm.History}";

    private TruthServer Server => _server ?? throw new InvalidOperationException("The server is down.");

    public static async Task<TruthRun> StartAsync(TruthPlan plan, PostgresServer postgres)
    {
        Quiet.Calibrate();
        var databaseUrl = plan.OnPostgres ? await postgres.CreateDatabaseAsync() : null;
        var time = new FakeTimeProvider(plan.Start);
        var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions
        {
            Listen = plan.OverLoopback,
            Seed = plan.Seed,
            Symbols = plan.Symbols,
            TimeProvider = time
        });
        var run = new TruthRun(plan, exchange, time, databaseUrl);
        await run.StartServerAsync();
        return run;
    }

    /// <summary>What the server holds now, for the report of a failure.</summary>
    public string Describe() => _server?.Describe() ?? "the server is down";

    /// <summary>The storm: faults of all sides, clients that come and go, and now and then another life of the server.</summary>
    public async Task StormAsync(TimeSpan length)
    {
        var end = _time.GetUtcNow() + length;
        while (_time.GetUtcNow() < end)
        {
            if (Chance(40)) _exchangeStorm.Strike(_exchange);
            if (Chance(400)) await _storeStorm.StrikeAsync();
            if (Chance(1300)) await RestartAsync(isKilled: _random.Next(2) == 0);
            if (_plan.ClockSteps && Chance(500)) _clock.Step(TimeSpan.FromTicks(_random.NextInt64(-LongestStep.Ticks, LongestStep.Ticks)));
            if (Chance(20)) _poller.Ask(_plan.Series[_random.Next(_plan.Series.Count)]);
            if (Chance(50)) _asker.Ask();
            foreach (var reader in _readers) await TroubleAsync(reader);
            Trouble(_follower.Wire);
            await StepAsync();
            await JudgeAsync();
        }
    }

    /// <summary>The calm after it: without faults, everything has to mend by itself.</summary>
    public async Task CalmAsync()
    {
        // A silence is not cut short: it would end before the heartbeat that shows it is due.
        while (_exchange.Faults.Active.Any(f => f.Fault.Kind == FaultKind.Silence)) await StepAsync();
        _exchange.Faults.Clear();
        await _storeStorm.ClearAsync();
        _follower.Wire.Resume();
        var limit = _time.GetUtcNow() + TimeSpan.FromHours(2);
        var calmSince = _time.GetUtcNow();
        while (_time.GetUtcNow() - calmSince < TimeSpan.FromMinutes(4))
        {
            foreach (var reader in _readers.Where(r => !r.IsCurrent))
            {
                _hasBegun = true;
                reader.Wire.Resume();
                reader.Connect();
            }

            if (Chance(10)) _poller.Ask(_plan.Series[_random.Next(_plan.Series.Count)]);
            await StepAsync();
            await JudgeAsync();
            if (!Server.IsMended || _readers.Any(r => !r.IsCurrent)) calmSince = _time.GetUtcNow();
            Assert.True(_time.GetUtcNow() < limit, $"two hours after the last fault it is not mended: {Server.Describe()}");
        }
    }

    /// <summary>Held, stored, delivered and polled equal the exchange's ledger.</summary>
    public async Task CheckAsync()
    {
        foreach (var series in _plan.Series)
        {
            var last = _poller.ReceiveLastAsync(series);
            await InTimeAsync(last);
            await last;
        }

        await _judge.CheckAllAsync(Server, _readers, _follower, _poller);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var reader in _readers) await reader.DisposeAsync();
        await _follower.DisposeAsync();
        await _poller.DisposeAsync();
        await _asker.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
        await _exchange.DisposeAsync();
        await _storeStorm.DisposeAsync();
        _fence.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private TruthWire NewWire() => new(() => _server);

    private async Task JudgeAsync()
    {
        foreach (var reader in _readers) reader.Check();
        _follower.Check();
        _poller.Receive();
        if (_asker.Receive() is { } answer) await _judge.CheckAnswerAsync(Server, answer);
        await _judge.LookAsync(Server, _readers[0]);
        if (++_steps % InspectEvery == 0) await _judge.InspectAsync(Server, _readers);
    }

    // A line stalls and goes on, or is cut; who has none comes back after a while, or asks meanwhile.
    private async Task TroubleAsync(TruthReader reader)
    {
        if (!reader.IsReading)
        {
            if (Chance(5)) reader.Connect();
            else if (Chance(50)) reader.Poll(_plan.Series[_random.Next(_plan.Series.Count)]);
            return;
        }

        if (Chance(600))
        {
            var leaving = reader.LeaveAsync();
            await InTimeAsync(leaving);
            await leaving;
        }

        Trouble(reader.Wire);
    }

    private void Trouble(TruthWire wire)
    {
        if (!wire.IsStalled)
        {
            if (Chance(200)) wire.Stall();
            return;
        }

        if (Chance(40)) wire.Resume();
        else if (Chance(40)) wire.Cut();
    }

    private bool Chance(int oneIn)
    {
        if (_random.Next(oneIn) > 0) return false;
        _hasBegun = true;
        return true;
    }

    private async Task RestartAsync(bool isKilled)
    {
        var stopped = Server;
        if (isKilled) stopped.Kill();
        await InTimeAsync(_poller.HangUpAsync());
        _server = null;
        var stopping = stopped.DisposeAsync().AsTask();
        await InTimeAsync(stopping);
        await stopping;
        _tap.Forget();
        await StartServerAsync();
    }

    private async Task StartServerAsync()
    {
        var starting = TruthServer.StartAsync(_plan, _exchange, _tap, _storeStorm, _folder, _databaseUrl, _random.Next(), _clock, _time);
        await InTimeAsync(starting);
        _server = await starting;
        _lives++;
    }

    private async Task InTimeAsync(Task work)
    {
        _hasBegun = true;
        while (!work.IsCompleted) await StepAsync();
    }

    // What was begun since the last step is done before time moves, and what that has for consequences when this returns.
    private async Task StepAsync()
    {
        if (_hasBegun) await SettleAsync();
        _hasBegun = false;
        _time.Advance(TimeSpan.FromMilliseconds(_random.Next(50, 2_000)));
        await _storeStorm.PassAsync();
        await SettleAsync();
        if (!_plan.OverLoopback) return;
        // What was sent before a question is answered has arrived by then: a real socket does not say what is on its way.
        await _fence.GetStringAsync(new Uri(_exchange.Url, "/control/time"));
        await SettleAsync();
    }

    // Time stands still until everybody is done: no thread at work, nothing queued, nothing on the wire, no event unsent.
    private async Task SettleAsync()
    {
        for (var looks = 0; looks < MaxLooks; looks++)
        {
            await Quiet.WaitAsync(() => _storeStorm.IsBusy || _server is { IsBusy: true }, CancellationToken.None);
            if (!_exchange.IsBusy) return;
        }
    }
}
