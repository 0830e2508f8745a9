
namespace CandleStream.EndToEndTests.Proxies;

/// <summary>
/// A proxy program and how it is made to run its recipe here: in the foreground, as one process, on loopback, with files in the test's
/// folder only.
/// </summary>
/// <param name="Program">Also the name of its Debian package.</param>
/// <param name="Prepare">Writes its configuration and answers its command line.</param>
internal sealed record ProxyKind(string Program, Func<ProxySite, string[]> Prepare)
{
    public static readonly ProxyKind Nginx = new("nginx", PrepareNginx);
    public static readonly ProxyKind Caddy = new("caddy", PrepareCaddy);
    public static readonly ProxyKind HAProxy = new("haproxy", PrepareHAProxy);

    private static string[] PrepareNginx(ProxySite site)
    {
        var recipe = ProxyRecipe.Read("nginx.conf")
            .With("127.0.0.1:8000", site.Server)
            .With("listen 443 ", $"listen 127.0.0.1:{site.Port} ")
            .With("listen [::]:443 ssl http2;", "")
            .With("/etc/ssl/candlestream/site.pem", site.Certificate)
            .With("/etc/ssl/candlestream/site.key", site.Key)
            .With("/var/log/nginx/candlestream.log", site.AccessLog)
            .With("/var/log/nginx/candlestream-error.log", site.ErrorLog)
            .WithLimit("proxy_read_timeout ", site.TimeLimit)
            .WithLimit(" send_timeout ", site.TimeLimit);
        // Around it stands what a site may have set for its other pages, and what must not reach the stream.
        var main = site.Write("main.conf", $$"""
            daemon off;
            master_process off;
            pid nginx.pid;
            error_log stderr;
            events { worker_connections 4096; }
            http {
                client_body_temp_path temp;
                proxy_temp_path temp;
                fastcgi_temp_path temp;
                uwsgi_temp_path temp;
                scgi_temp_path temp;
                gzip on;
                gzip_proxied any;
                gzip_types *;
                include {{site.Write("site.conf", recipe.ToString())}};
            }
            """);
        return ["-e", "stderr", "-p", site.Folder.Path, "-c", main];
    }

    private static string[] PrepareCaddy(ProxySite site)
    {
        var recipe = ProxyRecipe.Read("Caddyfile")
            .With("reverse_proxy 127.0.0.1:8000", $"reverse_proxy {site.Server}")
            .With("candles.example.org {",
                $"https://127.0.0.1:{site.Port}, https://localhost:{site.Port} {{\n\tbind 127.0.0.1\n\ttls {site.Certificate} {site.Key}")
            .With("/var/log/caddy/candlestream.log", site.AccessLog);
        var main = site.Write("Caddyfile", $$"""
            {
                admin off
                auto_https disable_redirects
                storage file_system {{site.Folder.File("storage")}}
            }
            {{recipe}}
            """);
        return ["run", "--adapter", "caddyfile", "--config", main];
    }

    private static string[] PrepareHAProxy(ProxySite site)
    {
        var recipe = ProxyRecipe.Read("haproxy.cfg")
            .With("server candlestream 127.0.0.1:8000", $"server candlestream {site.Server}")
            .With("bind :443 ", $"bind 127.0.0.1:{site.Port} ")
            .With("/etc/haproxy/candlestream.pem", site.CertificateAndKey)
            .WithLimit("timeout client       ", site.TimeLimit)
            .WithLimit("timeout server       ", site.TimeLimit);
        var global = site.Write("global.cfg", """
            global
                maxconn 4096
                log stdout format raw local0

            """);
        return ["-db", "-f", global, "-f", site.Write("haproxy.cfg", recipe.ToString())];
    }
}
