using System.ComponentModel.DataAnnotations;

namespace CandleStream.Server.Setup;

/// <summary>Section <c>Security</c>: who may use the server from where.</summary>
public sealed class SecurityOptions : IValidatableObject
{
    /// <summary>Origins whose pages may read the API, such as <c>https://charts.example.org</c>; the server's own page needs no entry. Default: none, other sites' pages are kept out by the browser.</summary>
    public string[] AllowedOrigins { get; set; } = [];

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var origin in AllowedOrigins)
        {
            var isOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin;
            if (!isOrigin) yield return new ValidationResult($"'{origin}' is not an origin such as https://charts.example.org.", [nameof(AllowedOrigins)]);
        }
    }
}
