using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace CandleStream.Server.Access;

/// <summary>One key of the key file. The key itself is not known here: its hash is.</summary>
/// <param name="name">Who it was given to; also the unit that limits are counted by.</param>
/// <param name="scope">What it opens.</param>
/// <param name="hash">SHA-256 of the key's text. A plain hash is enough, because a key is 256 random bits: there is no dictionary to
/// try.</param>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "Without a timer or a wait handle the source holds nothing to release, and streams may still look at it when the key is gone.")]
internal sealed class ApiKey(string name, ApiScope scope, byte[] hash) : IEquatable<ApiKey>
{
    public const int HashBytes = SHA256.HashSizeInBytes;

    private const string Prefix = "cs_";

    private readonly CancellationTokenSource _removed = new();

    public string Name { get; } = name;

    public ApiScope Scope { get; } = scope;

    public ReadOnlySpan<byte> Hash => hash;

    /// <summary>Tells two keys of one name apart; says nothing about the key.</summary>
    public string Id { get; } = Convert.ToHexStringLower(hash.AsSpan(0, 8));

    /// <summary>Cancelled when the key is taken out of the file: what it opened ends.</summary>
    public CancellationToken Removed => _removed.Token;

    /// <summary>A new key's text: a mark that secret scanners can search for, and 256 random bits.</summary>
    public static string Generate() => Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    public void Remove() => _removed.Cancel();

    public bool Equals(ApiKey? other) => other is not null && other.Name == Name && other.Scope == Scope && other.Hash.SequenceEqual(Hash);

    public override bool Equals(object? obj) => Equals(obj as ApiKey);

    public override int GetHashCode() => HashCode.Combine(Name, Scope, Id);
}

/// <summary>What a key opens.</summary>
internal enum ApiScope
{
    /// <summary>Candles, streams, symbols, status.</summary>
    Read,

    /// <summary>All of it, and the metrics.</summary>
    Admin,
}
