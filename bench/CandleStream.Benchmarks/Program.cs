using CandleStream.Benchmarks;

// One verb, one bench; each reads its own arguments.
var verbs = new Dictionary<string, Func<string[], Task<int>>>
{
    ["storage"] = StorageBench.RunAsync,
    ["history"] = HistoryBench.RunAsync,
    ["parser"] = ParserBench.RunAsync,
    ["stream"] = StreamBench.RunAsync,
    ["compression"] = CompressionBench.RunAsync,
};

if (args.Length > 0 && verbs.TryGetValue(args[0], out var run)) return await run(args[1..]);
await Console.Error.WriteLineAsync($"usage: CandleStream.Benchmarks {string.Join('|', verbs.Keys)} [arguments]");
return 1;
