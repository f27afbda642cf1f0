// Package document reads what an issued document says of itself: bytes of a
// file in, a [dispatch.Reading] out.
//
// # What always holds
//
// Secrecy is judged first, over every flow of the file. A reading whose verdict
// is Secret carries the degree and nothing else: no number, no subject, no
// recipient, not even the file's hash. A trace of secrecy that is not a mark
// (a suffix of the number, "Lưu: VT (M)", a degree far from the head) makes the
// verdict Ask with a question of code "secrecy": nothing of such a document may
// be stored, indexed or sent before a person has said that it is not secret.
//
// The file is hostile. Its kind is decided by content, never by name; every
// part of it is read with a bound on size, depth and number; a file that breaks
// a bound is rejected with one Vietnamese sentence. [Reader] does all this in a
// worker process with limits of its own, and a dead worker is an answer. On
// Linux the worker reaches no socket, no file but programs and compiled code, and
// no process but its own children (worker_linux.go, wall*_linux.go).
//
// Nothing is guessed silently. Every field carries where it stood and how far
// it may be trusted; whatever a person must confirm comes back as a question.
// Their codes are stable:
//
//	secrecy            a trace of secrecy that is no mark; fail closed
//	picture            a picture stands where stamps do and could not be read; fail closed
//	ocr-secrecy        a scan: that no mark was seen proves nothing; fail closed
//	ocr, partial       recognised from a picture; only some pages were read
//	legacy-encoding    decoded from TCVN3 or VNI without fonts, or out of a PDF
//	garbled            many words are no Vietnamese
//	tracked-changes    the file holds tracked deletions
//	several-documents, several-blocks, copy
//	no-number, no-date, future-date, no-issuer, joint-issuer, no-subject, no-signer
//	no-recipients, empty-block, no-archive, listed, joined, type, several-signers
//	beside, columns    text beside the recipients that may be theirs; text in them that may be the signature's
//	urgent, circulation
//
// # How
//
// Every format is brought into one model (paper.go): lines of text, each in a
// flow (body, table cell, frame, header). Laid-out formats (PDF, scans, plain
// text) are brought there by geometry (layout.go), the others by their own
// structure. One extractor (extract.go) then reads the fields.
package document

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"quangtri.gov.vn/vanthu/dispatch"
)

// Options says how documents are read. The zero value reads everything but
// scans found through PATH, in the calling process.
type Options struct {
	// WorkerCommand is the command line of a worker process, usually the
	// service's own executable and a hidden sub-command that calls [WorkerMain].
	// Only [Reader] uses it.
	WorkerCommand []string
	// Workers bounds the worker processes that run at once; 0 means one a core.
	Workers int
	// CacheDir keeps compiled code of the PDF module. It must belong to the
	// service with mode 0700, because what lies there is executed. Empty means
	// no cache: each PDF then costs seconds more.
	CacheDir string
	// Tesseract is the OCR command; empty looks for "tesseract" in PATH when
	// the Reader is made, "none" switches OCR off.
	Tesseract string
	// MaxSize bounds the file in bytes; 0 means 50 MiB.
	MaxSize int64
	// Today answers the current day for "dated in the future"; nil means now.
	Today func() time.Time
}

const defaultMaxSize = 50 << 20

func (o Options) maxSize() int64 {
	if o.MaxSize > 0 {
		return o.MaxSize
	}
	return defaultMaxSize
}

func (o Options) today() time.Time {
	if o.Today != nil {
		return o.Today()
	}
	return time.Now()
}

// Read reads one file in the calling process. name is only shown and compared
// with what the file really is; it never decides. Read never panics. It looks at
// ctx between pages and OCR commands, but a single step inside the PDF module
// runs to its end: services use [Reader], which puts a process with limits of
// time and memory between the file and them.
func Read(ctx context.Context, name string, data []byte, o Options) dispatch.Reading {
	m := &machine{o: o}
	defer m.close()
	return m.read(ctx, name, data)
}

func (m *machine) read(ctx context.Context, name string, data []byte) (r dispatch.Reading) {
	defer func() {
		if p := recover(); p != nil {
			r = rejected(name, "", errDamaged)
		}
	}()
	if int64(len(data)) > m.o.maxSize() {
		return rejected(name, "", errTooLarge)
	}
	p, err := m.open(ctx, data)
	if err != nil {
		kind := ""
		if p != nil {
			kind = p.kind
		}
		return rejected(name, kind, err)
	}
	r = p.reading(m.o.today())
	r.File = name
	if r.Verdict != dispatch.Secret {
		sum := sha256.Sum256(data)
		r.SHA256 = hex.EncodeToString(sum[:])
	}
	return r
}

// problem is why a file cannot be read. Its text is for people.
type problem struct {
	code    string
	message string
}

func (p *problem) Error() string { return "document: " + p.code }

var (
	errDamaged = &problem{"damaged",
		"Tệp bị hỏng hoặc không đầy đủ nên không đọc được; hãy mở lại bản gốc, lưu thành tệp mới rồi gửi lại."}
	errEncrypted = &problem{"encrypted",
		"Tệp được bảo vệ bằng mật khẩu; hãy bỏ mật khẩu mở tệp rồi gửi lại."}
	errTooLarge = &problem{"too-large",
		"Tệp lớn hơn mức hệ thống nhận đọc, hoặc bung ra quá lớn; hãy giảm dung lượng hoặc tách phụ lục thành tệp riêng rồi gửi lại."}
	errEmpty = &problem{"empty",
		"Tệp rỗng (0 byte); hãy kiểm tra tệp gốc rồi gửi lại."}
	errBlank = &problem{"blank",
		"Tệp mở được nhưng không có chữ nào để đọc; hãy kiểm tra lại tệp hoặc nhập Nơi nhận bằng tay."}
	errHostile = &problem{"hostile",
		"Tệp có cấu trúc bất thường, có thể gây hại nên không được đọc; hãy tạo lại tệp từ bản gốc rồi gửi lại."}
	errUnknown = &problem{"unsupported",
		"Không nhận ra loại tệp này; hãy gửi tệp .odt, .docx, .doc, .pdf hoặc .txt."}
	errMarkup = &problem{"unsupported",
		"Tệp được lưu kiểu RTF, trang web hoặc XML (có thể mang đuôi .doc) nên không đọc được; hãy mở bằng LibreOffice hoặc Word, chọn Lưu thành .docx hoặc .odt rồi gửi lại."}
	errOldWord = &problem{"unsupported",
		"Tệp Word kiểu cũ (trước Word 97) hoặc lưu nhanh nên không đọc được; hãy mở bằng LibreOffice, lưu thành .odt hoặc .docx rồi gửi lại."}
	errNotDocument = &problem{"unsupported",
		"Tệp đúng định dạng Office nhưng không phải văn bản soạn thảo; hãy gửi tệp .odt, .docx, .doc, .pdf hoặc .txt."}
	errNoOCR = &problem{"scan",
		"Tệp là bản quét ảnh mà máy chủ chưa cài chương trình nhận dạng chữ; hãy gửi bản có chữ (.odt, .docx, .pdf xuất từ máy) hoặc nhập Nơi nhận bằng tay."}
	errUnreadable = &problem{"garbled",
		"Lớp chữ của tệp không đọc được thành tiếng Việt; hãy xuất lại tệp với phông Unicode hoặc nhập Nơi nhận bằng tay."}
	errOCR = &problem{"ocr",
		"Chương trình nhận dạng chữ gặp lỗi với bản quét này; hãy gửi bản có chữ (.odt, .docx, .pdf xuất từ máy) hoặc nhập Nơi nhận bằng tay."}
	errTimeout = &problem{"timeout",
		"Đọc tệp quá lâu nên đã dừng; tệp có thể bị hỏng, hãy tạo lại tệp từ bản gốc rồi gửi lại."}
	errWorker = &problem{"damaged",
		"Chương trình đọc tệp đã dừng đột ngột khi gặp tệp này; tệp có thể bị hỏng, hãy tạo lại tệp từ bản gốc rồi gửi lại."}
	errService = &problem{"service",
		"Máy chủ chưa chạy được chương trình đọc tệp; hãy báo người quản trị, tệp của bạn không có lỗi gì được biết."}
)

// rejected is the answer to a file that cannot be read.
func rejected(name, kind string, err error) dispatch.Reading {
	p := errDamaged
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = errTimeout
	default:
		errors.As(err, &p)
	}
	return dispatch.Reading{
		File: name, Kind: kind, Verdict: dispatch.Rejected,
		Problem: &dispatch.Problem{Code: p.code, Message: p.message},
	}
}

// damaged wraps a technical cause for logs and tests; people see errDamaged.
func damaged(op string, cause error) error {
	if p := (*problem)(nil); errors.As(cause, &p) {
		return cause
	}
	return fmt.Errorf("document: %s: %w: %w", op, errDamaged, cause)
}
