using Spectre.Console;

namespace CandleStream.Server.Commands;

/// <summary>
/// Shows how far a command is: a bar with rate and time left on a terminal, nothing where the output goes to a file or a pipe.
/// </summary>
internal static class CommandProgress
{
    /// <summary>Runs <paramref name="work"/>; it reports the share done (0..1) and how many candles it has handled.</summary>
    public static async Task<T> ShowAsync<T>(string title, Func<Action<double, long>, Task<T>> work)
    {
        // Standard output may be the result (export); progress belongs to people.
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (!console.Profile.Out.IsTerminal) return await work((_, _) => { });
        return await console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(title, maxValue: 1);
                var result = await work((done, candles) =>
                {
                    task.Value = done;
                    var rate = task.ElapsedTime is { TotalSeconds: > 0 } elapsed ? candles / elapsed.TotalSeconds : 0;
                    task.Description = $"{Markup.Escape(title)} [grey]{candles:N0} candles, {rate:N0}/s[/]";
                });
                task.Value = 1;
                return result;
            });
    }
}
