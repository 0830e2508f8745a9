using System.ComponentModel.DataAnnotations;

namespace CandleStream.Exchanges;

/// <summary>Checks the addresses of an exchange's section.</summary>
internal static class ExchangeUrls
{
    /// <summary>What is wrong with them; nothing where both can be addresses.</summary>
    public static IEnumerable<ValidationResult> Check(Uri webSocketUrl, Uri restUrl)
    {
        if (webSocketUrl is not { IsAbsoluteUri: true, Scheme: "ws" or "wss" })
            yield return Wrong("ws:// or wss://", nameof(webSocketUrl));
        if (restUrl is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
            yield return Wrong("http:// or https://", nameof(restUrl));
    }

    // The parameters are named as the settings are, but for the first letter.
    private static ValidationResult Wrong(string schemes, string parameter) =>
        new($"it must be a URL that begins with {schemes}.", [char.ToUpperInvariant(parameter[0]) + parameter[1..]]);
}
