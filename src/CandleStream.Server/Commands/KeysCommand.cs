using System.CommandLine;
using CandleStream.Server.Access;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Commands;

/// <summary><c>keys add NAME</c>: makes a key, prints it once and writes its hash into the key file.</summary>
internal static class KeysCommand
{
    public static void AddTo(RootCommand root, Func<ParseResult, ServerArguments> arguments)
    {
        var name = new Argument<string>("name") { Description = "Who the key is for: letters, digits, '.', '_' and '-'." };
        var scope = new Option<string>(
            "--scope")
        { Description = "read (default) or admin, which opens /metrics as well.", DefaultValueFactory = _ => "read" };
        scope.AcceptOnlyFromAmong("read", "admin");
        var add =
            new Command(
                "add",
                "Makes a key, prints it once and adds its hash to the file of Security:KeyFile. A running server takes it at once.") { name, scope };
        add.TreatUnmatchedTokensAsErrors = false;
        add.SetAction(
            parsed => Add(arguments(parsed), parsed.GetValue(name)!, parsed.GetValue(scope) == "admin" ? ApiScope.Admin : ApiScope.Read));
        root.Add(new Command("keys", "Manages the keys that let clients use the server.") { add });
    }

    private static int Add(ServerArguments arguments, string name, ApiScope scope)
    {
        var path = arguments.CreateBuilder().Configuration.Security().KeyFile
            ?? throw new StartRefusedException(
                "Name the key file: --Security:KeyFile=keys.txt, or the same in appsettings.json or the environment.");
        var key = ApiKey.Generate();
        try
        {
            ApiKeyFile.Add(path, new ApiKey(name, scope, ApiKey.HashOf(key)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartRefusedException($"{path} cannot be written: {e.Message}");
        }

        Console.WriteLine(key);
        return 0;
    }
}
