using System.Net.Sockets;
using CandleStream.Storage;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Hosting;

/// <summary>Tells the failures that an operator can mend from those that are our bugs.</summary>
internal static class StartFailure
{
    /// <summary>One line for the operator, or null for a failure nobody expected: that one surfaces with its stack.</summary>
    public static string? Describe(Exception failure) => failure switch
    {
        StartRefusedException or StoreRefusedException => failure.Message,
        OptionsValidationException invalid => string.Join(" ", invalid.Failures),
        // Kestrel: port in use, or an address that is not this machine's.
        IOException { InnerException: SocketException or Microsoft.AspNetCore.Connections.AddressInUseException } => failure.Message,
        SocketException or ArgumentOutOfRangeException { ParamName: "port" } => $"Cannot listen on the address in Urls: {failure.Message}.",
        // Kestrel: an address of Urls that is none; configuration: an appsettings.json that is not JSON.
        FormatException or InvalidDataException =>
            failure.InnerException is { } inner ? $"{failure.Message} {inner.Message}" : failure.Message,
        InvalidOperationException { Source: "Microsoft.AspNetCore.Server.Kestrel.Core" } => failure.Message,
        _ => null,
    };
}

/// <summary>The server cannot start as it was asked to; the message is one line for the operator.</summary>
public sealed class StartRefusedException(string message) : Exception(message);
