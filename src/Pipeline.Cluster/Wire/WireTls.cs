using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Pipeline.Cluster.Membership;

namespace Pipeline.Cluster.Wire;

/// <summary>
/// Mutual TLS of the data plane: both sides show a certificate that leads to the cluster's authority. Who has one belongs to the
/// cluster, whatever its name or address, as nodes come and go under new ones.
/// </summary>
public sealed class WireTls
{
    private readonly SslStreamCertificateContext _certificate;
    private readonly X509Certificate2Collection _authority;

    private WireTls(SslStreamCertificateContext certificate, X509Certificate2Collection authority) =>
        (_certificate, _authority) = (certificate, authority);

    /// <summary>Reads the files; null where none is named.</summary>
    /// <exception cref="PipelineException">A file is missing, unreadable or not what it should be.</exception>
    public static WireTls? Load(TlsOptions options)
    {
        if (!options.Enabled)
        {
            return null;
        }

        var chain = Read("certificate", options.Certificate, path =>
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(path);
            return certificates;
        });
        var certificate = Read("key", options.Key, path => X509Certificate2.CreateFromPemFile(options.Certificate, path));
        var authority = Read("authority", options.Authority, path =>
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(path);
            return certificates;
        });
        return new WireTls(SslStreamCertificateContext.Create(certificate, chain, offline: true), authority);
    }

    internal async Task<Stream> AcceptAsync(Stream stream, CancellationToken cancellation)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = IsMember,
            },
            cancellation);
        return tls;
    }

    internal async Task<Stream> ConnectAsync(Stream stream, CancellationToken cancellation)
    {
        var tls = new SslStream(stream);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "",
                ClientCertificateContext = _certificate,
                RemoteCertificateValidationCallback = IsMember,
            },
            cancellation);
        return tls;
    }

    private bool IsMember(object sender, X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var element in sent?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(shown);
    }

    private static T Read<T>(string key, string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new PipelineException(
                "cluster.tls", $"pipeline.cluster.tls.{key} = {path}: cannot be read: {failure.Message}",
                "TLS takes three PEM files: pipeline.cluster.tls.certificate, .key and .authority", FailureKind.Input, failure);
        }
    }
}
