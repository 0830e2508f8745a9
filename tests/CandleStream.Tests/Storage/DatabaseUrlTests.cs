using CandleStream.Storage;
using CsCheck;
using Npgsql;

namespace CandleStream.Tests.Storage;

public sealed class DatabaseUrlTests
{
    [Fact]
    public void A_full_url_is_read()
    {
        var settings = DatabaseUrl.Parse(
            "postgresql://bot:s3cret@db.example.org:6432/candles?sslmode=verify-full&application_name=c1&connect_timeout=7");
        Assert.Equal(("bot", "s3cret", "db.example.org", 6432, "candles"),
            (settings.Username, settings.Password, settings.Host, settings.Port, settings.Database));
        Assert.Equal((SslMode.VerifyFull, "c1", 7), (settings.SslMode, settings.ApplicationName, settings.Timeout));
    }

    [Fact]
    public void The_short_scheme_and_the_default_port_are_known()
    {
        var settings = DatabaseUrl.Parse(" postgres://bot@localhost/candles\n");
        Assert.Equal(("bot", null, "localhost", 5432, "candles"),
            (settings.Username, settings.Password, settings.Host, settings.Port, settings.Database));
    }

    [Fact]
    public void An_IPv6_host_stands_in_brackets()
    {
        Assert.Equal(("::1", 6432), HostAndPort("postgresql://u:p@[::1]:6432/db"));
        Assert.Equal(("fe80::1", 5432), HostAndPort("postgresql://[fe80::1]/db"));
    }

    [Fact]
    public void A_Unix_socket_is_a_host_that_is_a_path()
    {
        Assert.Equal(("/var/run/postgresql", 5432), HostAndPort("postgresql:///db?host=/var/run/postgresql"));
        Assert.Equal(("/var/run/postgresql", 5433), HostAndPort("postgresql://u@%2Fvar%2Frun%2Fpostgresql:5433/db"));
    }

    [Theory]
    [InlineData("require", SslMode.Require)]
    [InlineData("disable", SslMode.Disable)]
    [InlineData("verify-ca", SslMode.VerifyCA)]
    public void Every_sslmode_of_PostgreSQL_is_known(string name, SslMode mode) =>
        Assert.Equal(mode, DatabaseUrl.Parse($"postgresql://h/db?sslmode={name}").SslMode);

    [Theory]
    [InlineData("sslmode=require&channel_binding=require", ChannelBinding.Require)]
    [InlineData("sslmode=require&channel_binding=prefer&target_session_attrs=read-write", ChannelBinding.Prefer)]
    [InlineData("channel_binding=disable&target_session_attrs=primary&gssencmode=disable", ChannelBinding.Disable)]
    [InlineData(
        "channel_binding=require&client_encoding=UTF8&keepalives=1&keepalives_idle=30&tcp_user_timeout=5&sslsni=1&fallback_application_name=x", ChannelBinding.Require)]
    public void What_the_URL_of_a_managed_database_brings_is_understood(string parameters, ChannelBinding binding) =>
        Assert.Equal(binding, DatabaseUrl.Parse($"postgresql://u:p@ep-cool.eu-central-1.example.tech/db?{parameters}").ChannelBinding);

    [Fact]
    public void The_other_parameters_that_our_driver_knows_reach_it()
    {
        var settings =
            DatabaseUrl.Parse("postgresql://u:p@h/db?sslnegotiation=direct&sslmode=verify-full&gssencmode=prefer&sslpassword=k%26y");
        Assert.Equal((SslNegotiation.Direct, GssEncryptionMode.Prefer, "k&y"),
            (settings.SslNegotiation, settings.GssEncryptionMode, settings.SslPassword));
    }

    [Theory]
    [InlineData("pgbouncer=true", "the parameter pgbouncer, which is not one of")]
    [InlineData("sslmode=require&schema=public", "the parameter schema, which is not one of")]
    [InlineData("channel_binding=maybe", "channel_binding must be one of disable, prefer, require")]
    [InlineData("target_session_attrs=read-only",
        "target_session_attrs must be one of any, read-write, primary, prefer-standby: the store is written to")]
    [InlineData("require_auth=magic", "the parameter require_auth, which is not one of")]
    public void A_parameter_that_is_not_taken_is_named(string parameters, string said) => Assert.Contains(
        said, Assert.Throws<StoreRefusedException>(() => DatabaseUrl.Parse($"postgresql://u:s3cret@h/db?{parameters}")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void A_parameter_that_may_be_a_piece_of_the_password_is_not_named() => Assert.DoesNotContain(
        "secret", Assert.Throws<StoreRefusedException>(() => DatabaseUrl.Parse("postgresql://u:1?secret=x")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Any_user_password_and_database_survive_percent_encoding() =>
        Gen.Select(Gen.String[Gen.Char[' ', '~'], 1, 20], Gen.String[Gen.Char['!', 'ÿ'], 1, 30],
            Gen.String[Gen.Char["abc-_.%?#@: "], 1, 10]).Sample(
            (user, password, database) =>
            {
                var settings = DatabaseUrl.Parse(
                    $"postgresql://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@h:1/{Uri.EscapeDataString(database)}");
                return settings.Username == user && settings.Password == password && settings.Database == database
                    && settings is { Host: "h", Port: 1 };
            });

    [Theory]
    [InlineData("")]
    [InlineData("s3cret")]
    [InlineData("mysql://u:s3cret@h/db")]
    [InlineData("postgresql:/u:s3cret@h/db")]
    [InlineData("Host=h;Password=s3cret")]
    [InlineData("postgresql://u:s3cret@h")]
    [InlineData("postgresql://u:s3cret@h/")]
    [InlineData("postgresql://u:s3cret@h:port/db")]
    [InlineData("postgresql://u:s3cret@h:0/db")]
    [InlineData("postgresql://u:s3cret@h:65536/db")]
    [InlineData("postgresql://u:x/s3cret@h/db")]
    [InlineData("postgresql://u:x?s3cret@h/db")]
    [InlineData("postgresql://u:x#s3cret@h/db")]
    [InlineData("postgresql://u:s3cret")]
    [InlineData("postgresql://u:%s3cret@h/db")]
    [InlineData("postgresql://u:s3cret%@h/db")]
    [InlineData("postgresql://u:s3cret@::1/db")]
    [InlineData("postgresql://u:s3cret@[::1/db")]
    [InlineData("postgresql://u:s3cret@[nothing]/db")]
    [InlineData("postgresql://u:s3cret@a,b/db")]
    [InlineData("postgresql://u:s3cret@h/db/more")]
    [InlineData("postgresql://u:s3cret@h/db?sslmode=s3cret")]
    [InlineData("postgresql://u@h/db?s3cret=1")]
    [InlineData("postgresql://u@h/db?passwrd=s3cret")]
    [InlineData("postgresql://u@h/db?s3cret")]
    [InlineData("postgresql://u@h/db?connect_timeout=s3cret")]
    [InlineData("postgresql://u:s3cret@h%00/db")]
    [InlineData("postgresql://u:s3cret%00@h/db")]
    public void A_malformed_url_is_refused_in_one_line_without_the_password(string url)
    {
        var refused = Assert.Throws<StoreRefusedException>(() => DatabaseUrl.Parse(url));
        Assert.StartsWith("DATABASE_URL is malformed: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void No_text_is_answered_with_another_kind_of_error() => Gen.Select(
        Gen.OneOf(Gen.Const(""), Gen.Const("postgresql://"), Gen.Const("postgres://u:p@h")), Gen.String[Gen.Char[' ', '~'], 0, 30]).Sample(
        (start, rest) =>
        {
            try
            {
                return DatabaseUrl.Parse(start + rest).Database is not null;
            }
            catch (StoreRefusedException)
            {
                return true;
            }
        },
        iter: TestSize.Of(normal: 5_000, full: 500_000));

    private static (string? Host, int Port) HostAndPort(string url) =>
        DatabaseUrl.Parse(url) is var settings ? (settings.Host, settings.Port) : default;
}
