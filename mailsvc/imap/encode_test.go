package imap

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf16"
)

// How mail programs write text.

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func base64Word(s string) string { return "=?utf-8?B?" + base64Of(s) + "?=" }

// splitWords writes each two bytes as an encoded word of their own, cutting
// characters in half as careless programs do.
func splitWords(s string) string {
	var words []string
	for len(s) > 0 {
		n := min(len(s), 2)
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "=%02X", s[i])
		}
		words = append(words, "=?UTF-8?q?"+b.String()+"?=")
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}

// softBroken is quoted-printable with a soft line break after each byte.
func softBroken(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "=%02X=\r\n", s[i])
	}
	return b.String()
}

// entities writes every character outside ASCII as HTML does.
func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "&#%d;", r)
		}
	}
	return b.String()
}

// utf16Of is big-endian with a mark.
func utf16Of(s string) string {
	b := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u>>8), byte(u))
	}
	return string(b)
}
