package setup

import (
	"crypto"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"quangtri.gov.vn/vanthu/cmd/vanthu/config"
)

// Record is a DNS record to publish.
type Record struct {
	Name     string `json:"name"`     // without the closing dot
	Type     string `json:"type"`     // MX, A, TXT, CNAME, SRV, CAA
	Value    string `json:"value"`    // as other programs write it; a TXT's text without quotes
	Optional bool   `json:"optional"` // useful, but mail works without it
	Why      string `json:"why"`      // one sentence, Vietnamese
}

// Records lists what DNS must say about the domain of c: keys are the public
// DKIM keys by selector.
func Records(c config.Config, keys map[string]crypto.PublicKey) ([]Record, error) {
	d, host := c.Domain, c.Hostname
	records := []Record{
		{host, "A", "<địa chỉ IPv4 của máy chủ này>", false, "Tên máy chủ phải trỏ về địa chỉ của nó; có IPv6 thì thêm bản ghi AAAA."},
		{d, "MX", "10 " + host + ".", false, "Nơi máy chủ khác gửi thư đến."},
		{d, "TXT", "v=spf1 mx -all", false, "SPF: chỉ máy chủ này được gửi thư mang tên miền; dùng máy chủ chuyển tiếp thì thêm máy chủ đó."},
	}
	for _, selector := range slices.Sorted(maps.Keys(keys)) {
		text, err := dkimText(keys[selector])
		if err != nil {
			return nil, err
		}
		records = append(records, Record{selector + "._domainkey." + d, "TXT", text, false, "DKIM: khóa công khai để kiểm tra chữ ký trên thư."})
	}
	records = append(records,
		Record{"_dmarc." + d, "TXT", "v=DMARC1; p=quarantine", false, "DMARC: thư giả mạo tên miền bị đưa vào thư rác."},
		Record{"autoconfig." + d, "CNAME", host + ".", false, "Thunderbird tự cấu hình khi biết địa chỉ và mật khẩu."})
	for _, s := range []struct {
		name  string
		addrs []string
	}{{"_imaps", c.Listen.IMAPS}, {"_submissions", c.Listen.Submissions}} {
		if port, ok := firstPort(s.addrs); ok {
			records = append(records, Record{s.name + "._tcp." + d, "SRV", fmt.Sprintf("0 1 %s %s.", port, host), false, "Để các chương trình thư khác tìm thấy máy chủ (RFC 6186, RFC 8314)."})
		}
	}
	return append(records,
		Record{"_mta-sts." + d, "TXT", "v=STSv1; id=1", true, "MTA-STS: chỉ thêm khi đã có tệp chính sách tại https://mta-sts." + d + "/.well-known/mta-sts.txt."},
		Record{d, "CAA", `0 issue "letsencrypt.org"`, true, "CAA: chỉ nơi này được cấp chứng thư; thay bằng nhà cung cấp của đơn vị."}), nil
}

// firstPort is the port of the first address.
func firstPort(addrs []string) (string, bool) {
	if len(addrs) == 0 {
		return "", false
	}
	_, port, err := net.SplitHostPort(addrs[0])
	return port, err == nil
}

// WriteRecords prints records as lines of a zone file (RFC 1035 section 5), each
// below its reason; optional ones are commented out.
func WriteRecords(w io.Writer, records []Record) error {
	var b strings.Builder
	for _, r := range records {
		value, comment := r.Value, ""
		if r.Type == "TXT" {
			value = quoteText(value)
		}
		if r.Optional {
			comment = "; "
			b.WriteString("; (tùy chọn) " + r.Why + "\n")
		} else {
			b.WriteString("; " + r.Why + "\n")
		}
		fmt.Fprintf(&b, "%s%s. IN %s %s\n", comment, r.Name, r.Type, value)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// quoteText writes a text as character-strings of at most 255 bytes, RFC 1035
// section 3.3.14.
func quoteText(s string) string {
	var parts []string
	for len(s) > 255 {
		parts = append(parts, `"`+s[:255]+`"`)
		s = s[255:]
	}
	return strings.Join(append(parts, `"`+s+`"`), " ")
}
