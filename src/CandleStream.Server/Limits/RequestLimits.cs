using System.Threading.RateLimiting;
using CandleStream.Server.Access;
using CandleStream.Server.Http;

namespace CandleStream.Server.Limits;

/// <summary>How many requests one key, or one address without a key, may send to the routes that name <see cref="Policy"/>.</summary>
internal static class RequestLimits
{
    public const string Policy = "requests";

    public static void AddRequestLimits(this WebApplicationBuilder builder)
    {
        var security = builder.Configuration.Security();
        var bucket = new TokenBucketRateLimiterOptions
        {
            TokensPerPeriod = security.RequestsPerSecond,
            TokenLimit = Math.Max(security.RequestBurst, security.RequestsPerSecond),
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        };
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.AddPolicy(Policy, context => ClientShare.Of(context) is { IsLimited: true } share
                ? RateLimitPartition.GetTokenBucketLimiter(share, _ => bucket)
                : RateLimitPartition.GetNoLimiter(default(ClientShare)));
            limiter.OnRejected = async (rejected, _) =>
            {
                var context = rejected.HttpContext;
                var after = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
                var detail = $"This {ClientShare.Of(context)} sends more than {security.RequestsPerSecond} requests a second.";
                await ErrorForm.AnswerAsync(context, Problems.TooMany(context, detail, security.RequestsPerSecond, after));
            };
        });
    }
}
