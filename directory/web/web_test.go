package web

import (
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"

	"quangtri.gov.vn/vanthu/directory"
	"quangtri.gov.vn/vanthu/internal/cputime"
)

var sample = sync.OnceValues(func() (*directory.Snapshot, error) { return directory.LoadFS(os.DirFS("../../configs/directory")) })

func handlerOf(t testing.TB, snap *directory.Snapshot) http.Handler {
	t.Helper()
	// 15 January 2026, half past midnight in Việt Nam: still the 14th in UTC.
	now := func() time.Time { return time.Date(2026, 1, 14, 17, 30, 0, 0, time.UTC) }
	h, err := New(func() *directory.Snapshot { return snap }, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func handler(t testing.TB) http.Handler {
	t.Helper()
	s, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	return handlerOf(t, s)
}

// active reads a page as a browser does and names the first thing in it that
// could run, load from elsewhere or submit to elsewhere.
func active(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := z.Token()
			if strings.Contains(" script style iframe object embed img svg base audio video math ", " "+tag.Data+" ") {
				return "<" + tag.Data + ">"
			}
			for _, a := range tag.Attr {
				v := strings.ToLower(a.Val)
				link := a.Key == "href" || a.Key == "action" || a.Key == "src"
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || link && (!strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "#") && !strings.HasPrefix(v, "mailto:") || strings.HasPrefix(v, "//")) {
					return tag.Data + " " + a.Key + "=" + a.Val
				}
			}
		}
	}
}

// get asks for a page and checks what must hold for every answer.
func get(t testing.TB, h http.Handler, method, target string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://danhba.example/", nil)
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL, r.RequestURI = u, target
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	text := string(body)
	if !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'") ||
		res.Header.Get("X-Content-Type-Options") != "nosniff" || res.Header.Get("Referrer-Policy") == "" || res.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s: security headers: %v", target, res.Header)
	}
	if !utf8.ValidString(text) || !norm.NFC.IsNormalString(text) {
		t.Errorf("%s: the page is not valid NFC", target)
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		if found := active(text); found != "" {
			t.Errorf("%s: the page holds %s", target, found)
		}
	}
	return res, text
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := handler(t)
	for _, c := range []struct {
		target string
		status int
		want   []string
		absent []string
	}{
		{"/", 200, []string{"Tỉnh Quảng Trị", "UBND xã, phường, đặc khu", ">78<", "Dữ liệu mẫu", `lang="en"`, `name="q"`}, nil},
		{"/nhom/xa-phuong-dac-khu", 200, []string{"78 cơ quan", "Ủy ban nhân dân đặc khu Cồn Cỏ", "chưa có địa chỉ thư"}, nil},
		{"/nhom/khong-co", 404, []string{"Không có trang này"}, nil},
		{"/tim", 200, []string{"Hãy gõ tên"}, nil},
		{"/tim?q=so+noi+vu", 200, []string{"Sở Nội vụ", "snv@quangtri.gov.vn"}, nil},
		{"/tim?q=S%E1%BB%9F+Th%C3%B4ng+tin+v%C3%A0+Truy%E1%BB%81n+th%C3%B4ng", 200, []string{"đã kết thúc 28/02/2025", "nay là <strong>Sở Khoa học và Công nghệ"}, nil},
		{"/tim?q=zzzzzzzzzz", 200, []string{"Không tìm thấy", "tên viết tắt"}, nil},
		{"/tim?q=stttt%40quangtri.gov.vn", 200, []string{"/kiem-tra?dia-chi=stttt%40quangtri.gov.vn"}, nil},
		{"/co-quan/qt.so-nv-2025", 200, []string{"Sở Nội vụ", "mailto:snv@quangtri.gov.vn", "Giám đốc", "Dương Mẫu Sơn", "NQ 202/2025/QH15", "Trang đầu"}, nil},
		{"/co-quan/qt.ubnd.huyen-hai-lang", 200, []string{"đã kết thúc ngày 30/06/2025", "đã chia cho nhiều nơi", "Ủy ban nhân dân xã Hải Lăng"}, []string{"mailto:huyenhailang"}},
		{"/co-quan/qt.so-tttt", 200, []string{"Thư nay gửi tới", "Sở Khoa học và Công nghệ"}, nil},
		{"/tim?q=huyen+hai+lang", 200, []string{"nay chia cho 5 nơi"}, nil},
		{"/tim?q=STTTT", 200, []string{"nay là <strong>Sở Khoa học và Công nghệ", "mailto:skhcn@quangtri.gov.vn"}, nil},
		{"/co-quan/qt.bcd-cchc-2025", 200, []string{"Thư gửi qua cơ quan thường trực", "Sở Nội vụ", "mailto:snv@quangtri.gov.vn"}, []string{"Hãy gửi bản giấy"}},
		{"/nhom/khac", 200, []string{"gửi qua cơ quan thường trực: Sở Nội vụ"}, nil},
		{"/co-quan/qt.cong-an-2025", 200, []string{"Công an"}, []string{"Lâm Mẫu Tâm"}},
		{"/co-quan/qt.vp-ubnd-2025", 200, []string{"Hoàng Thị Mẫu Lan"}, []string{"Bùi Thị Mẫu Oanh"}},
		{"/co-quan/qt.ubnd", 200, nil, []string{"Nguyễn Mẫu An"}},
		{"/co-quan/qt.ubnd.dac-khu-con-co-2025", 200, []string{"Hãy gửi bản giấy"}, nil},
		{"/co-quan/qt-2025", 200, []string{"không nhận thư"}, nil},
		{"/co-quan/khong-co", 404, []string{"Không có trang này"}, nil},
		{"/kiem-tra", 200, []string{"có phải địa chỉ công vụ không"}, []string{"verdict"}},
		{"/kiem-tra?dia-chi=snv@quangtri.gov.vn", 200, []string{"verdict yes", "Sở Nội vụ"}, nil},
		{"/kiem-tra?dia-chi=" + url.QueryEscape("Sở Nội vụ <SNV@quangtri.gov.vn>"), 200, []string{"verdict yes"}, nil},
		{"/kiem-tra?dia-chi=giamdoc.snv@quangtri.gov.vn", 200, []string{"verdict yes", "Giám đốc Dương Mẫu Sơn"}, nil},
		{"/kiem-tra?dia-chi=stttt@quangtri.gov.vn", 200, []string{"chỉ còn chuyển tiếp đến ngày 30/06/2027", "skhcn@quangtri.gov.vn"}, nil},
		{"/kiem-tra?dia-chi=huyenhailang@quangtri.gov.vn", 200, []string{"từng là địa chỉ chính thức, đến ngày 30/06/2025"}, nil},
		{"/kiem-tra?dia-chi=lua.dao@quangtri.example", 200, []string{"verdict no", "không có trong danh bạ công khai"}, nil},
		{"/kiem-tra?dia-chi=khong-phai", 200, []string{"chưa phải một địa chỉ thư"}, nil},
		{"/du-lieu", 200, []string{"/du-lieu/addresses.csv"}, nil},
		{"/du-lieu/secrets.csv", 404, nil, nil},
		{"/tim?q=%zz", 400, []string{"Yêu cầu không đọc được"}, nil},
		{"/tim?q=a;b", 400, nil, nil},
		{"/tim?q=" + strings.Repeat("a", maxRawQuery), 400, nil, nil},
		{"/favicon.ico", 404, nil, nil},
		{"/.git/config", 404, nil, nil},
	} {
		res, body := get(t, h, "GET", c.target)
		if res.StatusCode != c.status {
			t.Errorf("%.80s: %d, want %d", c.target, res.StatusCode, c.status)
		}
		for _, w := range c.want {
			if !strings.Contains(body, w) {
				t.Errorf("%.80s: %q is missing", c.target, w)
			}
		}
		for _, w := range c.absent {
			if strings.Contains(body, w) {
				t.Errorf("%.80s: %q must not be there", c.target, w)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := handler(t)
	for _, m := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"} {
		res, body := get(t, h, m, "/tim?q=x")
		if res.StatusCode != 405 || res.Header.Get("Allow") != "GET, HEAD" || !strings.Contains(body, "chỉ để đọc") {
			t.Errorf("%s: %d", m, res.StatusCode)
		}
	}
	if res, _ := get(t, h, "HEAD", "/"); res.StatusCode != 200 {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
}

func TestHostileQueriesAreEscaped(t *testing.T) {
	t.Parallel()
	h := handler(t)
	for _, q := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus=alert(1) '`, `{{.}}`, `javascript:alert(1)`,
		"a\u0301\u0301\u0301", "\u202egnart", "\x00\x01", "\xff\xfe", "%3Cscript%3E", strings.Repeat("<", 1000), "a@b\"onclick=\"x",
		"</title><script>", "a\u0302\u0323\u0300\u0301", "\ufeff\u200b", "=cmd|'/c calc'!A0",
	} {
		for _, path := range []string{"/tim?q=", "/kiem-tra?dia-chi=", "/tim?x="} {
			_, body := get(t, h, "GET", path+url.QueryEscape(q)) // get looks for what could run
			if strings.ContainsAny(body, "\x00\u202e\u200b") || len(body) > 1<<18 {
				t.Errorf("%s%q: the query came through", path, q)
			}
		}
	}
}

// TestHostileRegister shows a register whose texts are markup.
func TestHostileRegister(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>`
	head := func(s string) []byte { return []byte(s) }
	snap, err := directory.LoadFS(fstest.MapFS{
		directory.AgenciesFile: {Data: head("id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note\n" +
			"p," + evil + ",dia-ban,tinh,,,,,V,\na," + evil + ",so,tinh,p,,,,V,\nb,Bé,so,tinh,a,,,,V,\n")},
		directory.NamesFile:     {Data: head("agency_id,name,kind,issuer_scope,valid_from,valid_to,note\na," + evil + "2,alias,,,,\n")},
		directory.OfficialsFile: {Data: head("id,name,agency_id,title,authorised,duty_address,valid_from,valid_to,note\no1," + evil + ",a," + evil + ",true,,,,\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := handlerOf(t, snap)
	for _, target := range []string{"/", "/co-quan/a", "/co-quan/b", "/tim?q=script", "/nhom/so-ban-nganh"} {
		if res, body := get(t, h, "GET", target); res.StatusCode != 200 || !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s: %d", target, res.StatusCode)
		}
	}
}

// TestTimesToCome: what is entered for a later day is shown as that, and neither
// as past nor as there.
func TestTimesToCome(t *testing.T) {
	t.Parallel()
	snap, err := directory.LoadFS(fstest.MapFS{
		directory.AgenciesFile: {Data: []byte("id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note\n" +
			"p,Tỉnh Quảng Trị,dia-ban,tinh,,,,,V,\na,Sở A,so,tinh,p,,,,V,\nz,Sở Z,so,tinh,p,2026-01-16,,,V,\ny,Sở Y,so,tinh,p,2026-01-15,,,V,\nx,Sở X,so,tinh,p,,2026-01-14,,V,\n")},
		directory.AddressesFile: {Data: []byte("agency_id,address,kind,valid_from,valid_to,status\n" +
			"a,nay@quangtri.gov.vn,agency,,2026-01-15,attested\na,mai@quangtri.gov.vn,agency,2026-01-16,,attested\na,qua@quangtri.gov.vn,unit,,2026-01-14,attested\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	h := handlerOf(t, snap)
	for target, want := range map[string][2]string{
		"/co-quan/z":                            {"hoạt động từ ngày 16/01/2026", "Hãy gửi bản giấy"},
		"/co-quan/y":                            {"từ 15/01/2026", "hoạt động từ ngày"},
		"/co-quan/x":                            {"đã kết thúc ngày 14/01/2026", "hoạt động từ"},
		"/co-quan/a":                            {"từ 16/01/2026 · chưa dùng", "đã kết thúc"},
		"/tim?q=so+z":                           {"hoạt động từ 16/01/2026", "tên cũ"},
		"/kiem-tra?dia-chi=nay@quangtri.gov.vn": {"verdict yes", "verdict no"},
		"/kiem-tra?dia-chi=mai@quangtri.gov.vn": {"verdict no", "verdict yes"},
		"/kiem-tra?dia-chi=qua@quangtri.gov.vn": {"từng là địa chỉ chính thức, đến ngày 14/01/2026", "verdict yes"},
	} {
		if _, body := get(t, h, "GET", target); !strings.Contains(body, want[0]) || strings.Contains(body, want[1]) {
			t.Errorf("%s: want %q and not %q", target, want[0], want[1])
		}
	}
}

func TestEmptyRegister(t *testing.T) {
	t.Parallel()
	snap, err := directory.LoadFS(fstest.MapFS{directory.AgenciesFile: {Data: []byte("id,name,type,level,parent_id,valid_from,valid_to,code,certainty,note\n")}})
	if err != nil {
		t.Fatal(err)
	}
	h := handlerOf(t, snap)
	for target, want := range map[string]string{"/": "chưa có dữ liệu", "/tim?q=a": "Không tìm thấy", "/kiem-tra?dia-chi=a@b.vn": "không có trong danh bạ"} {
		if _, body := get(t, h, "GET", target); !strings.Contains(body, want) {
			t.Errorf("%s: %q is missing", target, want)
		}
	}
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	h := handler(t)
	for _, f := range directory.Files() {
		res, body := get(t, h, "GET", "/du-lieu/"+f)
		if res.StatusCode != 200 || !strings.HasPrefix(body, "\ufeff") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/csv; charset=utf-8") {
			t.Errorf("%s: %d %s", f, res.StatusCode, res.Header.Get("Content-Type"))
		}
		if _, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
		if f == directory.OfficialsFile && (strings.Contains(body, "false") || !strings.Contains(body, "Dương Mẫu Sơn")) {
			t.Error("the officials' file must hold exactly those who may be published")
		}
	}
}

// TestStyleIsImmutable follows the link of the first page.
func TestStyleIsImmutable(t *testing.T) {
	t.Parallel()
	h := handler(t)
	_, body := get(t, h, "GET", "/")
	m := regexp.MustCompile(`href="(/danh-ba-[0-9a-f]{12}\.css)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatal("no style sheet")
	}
	res, css := get(t, h, "GET", m[1])
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || !strings.Contains(css, "--ink") {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Cache-Control"))
	}
	if strings.Contains(css, "url(") || strings.Contains(css, "@import") {
		t.Error("the style sheet loads something")
	}
}

func TestConcurrentReaders(t *testing.T) {
	t.Parallel()
	h := handler(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, target := range []string{"/", "/tim?q=ubnd", "/du-lieu/names.csv", "/co-quan/qt.ubnd-2025"} {
				if res, _ := get(t, h, "GET", target); res.StatusCode != 200 {
					t.Errorf("%s: %d", target, res.StatusCode)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzPages(f *testing.F) {
	for _, s := range []string{"so noi vu", "a@b.vn", "<b>", "\xff", "%", "Ủy ban", "//", "//x.example/"} {
		f.Add(s)
	}
	h := handler(f)
	f.Fuzz(func(t *testing.T, q string) {
		start := cputime.Process()
		e := url.QueryEscape(q)
		for _, target := range []string{"/tim?q=" + e, "/kiem-tra?dia-chi=" + e, "/co-quan/" + url.PathEscape(q), "/nhom/" + url.PathEscape(q)} {
			if len(target) > 4000 {
				return
			}
			res, _ := get(t, h, "GET", target)
			if res.StatusCode >= 500 {
				t.Fatalf("%s: %d", target, res.StatusCode)
			}
		}
		if d := cputime.Process() - start; d > 2*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func BenchmarkSearchPage(b *testing.B) {
	h := handler(b)
	for b.Loop() {
		get(b, h, "GET", "/tim?q=hai+lang")
	}
}
