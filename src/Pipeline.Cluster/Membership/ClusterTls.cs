using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Pipeline.Cluster.Membership;

/// <summary>
/// Mutual TLS of both planes. A peer is trusted if its certificate leads to the cluster's own authority, whatever name it bears: nodes are
/// found under addresses that no certificate can know beforehand, and who holds a certificate of the authority is a node.
/// </summary>
public sealed class ClusterTls : IDisposable
{
    private readonly X509Certificate2Collection _chain;
    private readonly X509Certificate2Collection _authority;

    private ClusterTls(X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection authority)
    {
        Certificate = certificate;
        _chain = chain;
        _authority = authority;
    }

    /// <summary>This node's certificate, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Reads the files.</summary>
    /// <returns>Null where TLS is not set.</returns>
    /// <exception cref="PipelineException">A file is missing, unreadable or does not fit the others.</exception>
    public static ClusterTls? Load(TlsOptions options)
    {
        if (!options.Enabled)
        {
            return null;
        }

        Require("certificate", options.Certificate);
        Require("key", options.Key);
        Require("authority", options.Authority);
        var authority = Read("authority", options.Authority, () => Collection(options.Authority));
        var chain = Read("certificate", options.Certificate, () => Collection(options.Certificate));
        var certificate = Read("key", options.Key, () => X509Certificate2.CreateFromPemFile(options.Certificate, options.Key));
        var tls = new ClusterTls(certificate, chain, authority);
        if (!tls.Accepts(certificate, null))
        {
            tls.Dispose();
            throw ClusterFailures.Setting("tls.certificate", $"{options.Certificate} does not lead to {options.Authority}, or is not valid today", "every node's certificate must be signed by the authority");
        }

        return tls;
    }

    /// <summary>Whether a peer's certificate leads to the authority and is valid now.</summary>
    /// <param name="presented">The chain that came with it, or null.</param>
    public bool Accepts(X509Certificate? peer, X509Chain? presented)
    {
        if (peer is not X509Certificate2 certificate)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ExtraStore.AddRange(_chain);
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainElements.Select(element => element.Certificate).ToArray());
        }

        return chain.Build(certificate);
    }

    /// <summary>For the side that accepts connections.</summary>
    public SslServerAuthenticationOptions Server() => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(Certificate, _chain, offline: true),
        ClientCertificateRequired = true,
        RemoteCertificateValidationCallback = (_, peer, presented, _) => Accepts(peer, presented),
    };

    /// <summary>For the side that connects.</summary>
    public SslClientAuthenticationOptions Client(string host) => new()
    {
        TargetHost = host,
        ClientCertificateContext = SslStreamCertificateContext.Create(Certificate, _chain, offline: true),
        RemoteCertificateValidationCallback = (_, peer, presented, _) => Accepts(peer, presented),
    };

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var certificate in _chain.Concat(_authority))
        {
            certificate.Dispose();
        }
    }

    private static void Require(string key, string path)
    {
        if (path.Length == 0)
        {
            throw ClusterFailures.Setting($"tls.{key}", "is not set", "TLS needs certificate, key and authority, all three");
        }
    }

    private static X509Certificate2Collection Collection(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("it holds no certificate");
    }

    private static T Read<T>(string key, string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw ClusterFailures.Setting($"tls.{key}", $"{path} cannot be read: {failure.Message}", "files are in PEM form, the key without a password", failure);
        }
    }
}
