using CandleStream.Simulator.CommandLine;

namespace CandleStream.Simulator;

/// <summary>The exchange as a program of its own: <c>dotnet run --project src/CandleStream.Simulator -- --port 18700</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        var parsed = SimulatorCommand.Create(RunAsync).Parse(args);
        if (parsed.Errors is not [var error, ..])
            return await parsed.InvokeAsync();
        await Console.Error.WriteLineAsync(error.Message);
        return 1;
    }

    private static async Task<int> RunAsync(SimulatorOptions options, CancellationToken stopping)
    {
        try
        {
            await using var simulator = await ExchangeSimulator.StartAnyAsync(options, stopping);
            Console.WriteLine($"listening on {simulator.Url.GetLeftPart(UriPartial.Authority)}");
            var stopped = new TaskCompletionSource();
            await using var registration = stopping.Register(stopped.SetResult);
            await stopped.Task;
            return 0;
        }
        catch (Exception reason) when (reason is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(reason.Message);
            return 1;
        }
    }
}
