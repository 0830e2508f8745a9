
namespace CandleStream.Server.Hosting;

/// <summary>What the command line asks for, as settings with the highest priority.</summary>
public sealed record ServerArguments(IReadOnlyDictionary<string, string?> Settings)
{
    private const string DefaultUrls = "http://127.0.0.1:8000";

    /// <summary>
    /// A builder with every source of settings, lowest priority first: defaults, appsettings.json beside the program, appsettings.json in
    /// the working folder, environment, command line. Relative paths in settings count from the working folder.
    /// </summary>
    public WebApplicationBuilder CreateBuilder()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // Named here because a test host's entry assembly is not the server.
            ApplicationName = typeof(ServerArguments).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        // A build refers to the page's files where they are; only a publish copies them beside the program.
        builder.WebHost.UseStaticWebAssets();
        var configuration = builder.Configuration;
        var workingFolder = Directory.GetCurrentDirectory();
        // The environment is added again, to stay above this file.
        if (Path.GetFullPath(workingFolder) != Path.GetFullPath(AppContext.BaseDirectory).TrimEnd(Path.DirectorySeparatorChar))
            configuration.AddJsonFile(Path.Combine(workingFolder, "appsettings.json"), optional: true, reloadOnChange: false)
                .AddEnvironmentVariables();
        configuration.AddInMemoryCollection(Settings);
        AddDefault(configuration, "Urls", DefaultUrls);
        return builder;
    }

    /// <summary>Adds a setting below every other source.</summary>
    internal static void AddDefault(ConfigurationManager configuration, string key, string value)
    {
        var source = new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = [new(key, value)] };
        configuration.Sources.Insert(0, source);
    }
}
