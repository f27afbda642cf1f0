package setup

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// validity of a self-signed certificate: the longest that mail programs of every
// maker take.
const validity = 825 * 24 * time.Hour

// chain is a server certificate below an authority of its own.
type chain struct {
	leafPEM []byte
	leaf    *x509.Certificate
	key     crypto.Signer
	caPEM   []byte
}

// SelfSigned makes a server certificate for hosts, names or IP addresses, below an
// authority whose certificate it also returns, for clients to trust.
func SelfSigned(hosts ...string) (cert tls.Certificate, caPEM []byte, err error) {
	c, err := newChain(time.Now(), hosts...)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{c.leaf.Raw}, PrivateKey: c.key, Leaf: c.leaf}, c.caPEM, nil
}

// newChain makes an authority, one certificate below it, and forgets the
// authority's key: nothing else can ever be signed with what people trust.
// The authority is also limited to the hosts (RFC 5280 section 4.2.1.10).
func newChain(now time.Time, hosts ...string) (*chain, error) {
	if len(hosts) == 0 {
		return nil, fmt.Errorf("make certificate: no host names")
	}
	from, to := now.Add(-time.Hour).UTC(), now.Add(validity).UTC() // an hour for clocks that are slow
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	ca := &x509.Certificate{
		Subject:                     pkix.Name{CommonName: "vanthu " + hosts[0], Organization: []string{"vanthu"}},
		NotBefore:                   from,
		NotAfter:                    to,
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		PermittedDNSDomainsCritical: true,
	}
	leaf := &x509.Certificate{
		Subject:               pkix.Name{CommonName: hosts[0]},
		NotBefore:             from,
		NotAfter:              to,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	nameHosts(ca, leaf, hosts)
	ca, err = sign(ca, nil, caKey.Public(), caKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	leaf, err = sign(leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, err
	}
	return &chain{leafPEM: certPEM(leaf), leaf: leaf, key: key, caPEM: certPEM(ca)}, nil
}

// nameHosts gives the leaf its names and the authority its limits.
func nameHosts(ca, leaf *x509.Certificate, hosts []string) {
	seen := map[string]bool{}
	for _, h := range hosts {
		if seen[h] {
			continue
		}
		seen[h] = true
		ip := net.ParseIP(h)
		if ip == nil {
			leaf.DNSNames = append(leaf.DNSNames, h)
			ca.PermittedDNSDomains = append(ca.PermittedDNSDomains, h)
			continue
		}
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		leaf.IPAddresses = append(leaf.IPAddresses, ip)
		bits := len(ip) * 8
		ca.PermittedIPRanges = append(ca.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
	}
}

// sign makes the certificate of a template; parent nil means self-signed.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	// A serial number that is used twice under one name locks Thunderbird out
	// (SEC_ERROR_REUSED_ISSUER_AND_SERIAL), so it is random.
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	template.SerialNumber = serial.Add(serial, big.NewInt(1))
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate for %s: %w", template.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func keyPEM(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
