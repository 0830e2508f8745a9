using System.Globalization;

namespace CandleStream.Load;

/// <summary>What the kernel knows of the server's processes: CPU time and memory.</summary>
internal sealed class ServerProbe(int[] pids)
{
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds (user and system) of all threads of all processes, by thread name.</summary>
    public Dictionary<string, double> CpuByThread()
    {
        var seconds = new Dictionary<string, double>();
        foreach (var task in pids.SelectMany(pid => Directory.EnumerateDirectories($"/proc/{pid}/task")))
        {
            try
            {
                // The name is in parentheses and may hold blanks; user and system ticks are the 12th and 13th field after it.
                var stat = File.ReadAllText(Path.Combine(task, "stat"));
                var name = stat[(stat.IndexOf('(') + 1)..stat.LastIndexOf(')')];
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
                seconds[name] = seconds.GetValueOrDefault(name) + ticks / TicksPerSecond;
            }
            catch (IOException)
            {
                // The thread ended while we looked.
            }
        }

        return seconds;
    }

    /// <summary>CPU seconds of the processes, threads that ended included.</summary>
    public double Cpu() => pids.Sum(pid =>
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(
            fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    });

    /// <summary>Resident memory, KB.</summary>
    public long ResidentKb() => FromStatus("VmRSS:");

    public long Threads() => FromStatus("Threads:");

    /// <summary>Open file descriptors.</summary>
    public int Descriptors() => pids.Sum(pid => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Count());

    private long FromStatus(string name) => pids.Sum(pid => File.ReadLines($"/proc/{pid}/status")
        .Where(l => l.StartsWith(name, StringComparison.Ordinal))
        .Select(l => long.Parse(l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))
        .FirstOrDefault());
}
