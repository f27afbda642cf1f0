package setup

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// newDKIMKeys makes one key of each kind: RSA-2048 (RFC 8301 section 3.2) and
// Ed25519 (RFC 8463).
func newDKIMKeys() (rsaKey, edKey crypto.Signer, err error) {
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, fmt.Errorf("make DKIM key: %w", err)
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make DKIM key: %w", err)
	}
	return r, e, nil
}

// LoadDKIM reads a DKIM key: PEM, PKCS #8 (or PKCS #1 for RSA), RSA of at least
// 1024 bits or Ed25519.
func LoadDKIM(path string) (crypto.Signer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return nil, fmt.Errorf("read DKIM key: %w", err)
	}
	key, err := parseDKIM(data)
	if err != nil {
		return nil, fmt.Errorf("read DKIM key %s: %w", path, err)
	}
	return key, nil
}

func parseDKIM(data []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, errors.New("no PEM block in it")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		var old error
		if key, old = x509.ParsePKCS1PrivateKey(block.Bytes); old != nil {
			return nil, err
		}
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() < 1024 {
			return nil, fmt.Errorf("RSA key of %d bits; receivers refuse less than 1024", k.N.BitLen())
		}
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	default:
		return nil, fmt.Errorf("%T is neither RSA nor Ed25519", key)
	}
}

// dkimText is the TXT record of a public key, RFC 6376 section 3.6.1 and RFC 8463
// section 4.
func dkimText(public crypto.PublicKey) (string, error) {
	switch k := public.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return "", fmt.Errorf("encode DKIM key: %w", err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k), nil
	default:
		return "", fmt.Errorf("encode DKIM key: %T is neither RSA nor Ed25519", public)
	}
}
