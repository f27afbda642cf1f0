package mime

import "bytes"

// headFilter returns a filter of the trigrams of the header fields that are not
// in [Fields], folded to lower case; nil if one of them is not plain ASCII. room is
// memory for that, and is returned to be used again.
func headFilter(header, room []byte) (filter, used []byte) {
	text := room[:0]
	for len(header) > 0 {
		n := fieldLen(header)
		raw := header[:n]
		header = header[n:]
		if name, ok := listedName(raw); ok {
			raw = name
		}
		if !plain(raw) {
			return nil, text
		}
		text = append(foldASCII(text, raw), 0)
	}
	filter = make([]byte, min(max(len(text)/5, 8), maxHeadFilter))
	trigrams(text, func(g uint32) {
		h := hashGram(g) % uint32(8*len(filter))
		filter[h/8] |= 1 << (h % 8)
	})
	return filter, text
}

// listedName returns "Subject: " and the like for the fields that [Fields] holds.
func listedName(raw []byte) (name []byte, ok bool) {
	colon := bytes.IndexByte(raw[:min(len(raw), maxFieldName)], ':')
	if colon < 0 {
		return nil, false
	}
	var low [maxFieldName]byte
	switch string(appendLower(low[:0], bytes.TrimRight(raw[:colon], " \t"))) {
	case "subject", "from", "to", "cc", "bcc":
		return raw[:colon+1], true
	}
	return nil, false
}

// foldASCII appends viet.Fold of ASCII text.
func foldASCII(b, text []byte) []byte {
	for _, c := range text {
		switch {
		case c > ' ' && c < 0x7F:
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			b = append(b, c)
		case c == ' ' || c >= '\t' && c <= '\r':
			if n := len(b); n > 0 && b[n-1] != ' ' {
				b = append(b, ' ')
			}
		}
	}
	return b
}

func trigrams(s []byte, yield func(uint32)) {
	for i := 0; i+3 <= len(s); i++ {
		yield(uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16)
	}
}

func hashGram(g uint32) uint32 { return g * 2654435761 >> 7 }
