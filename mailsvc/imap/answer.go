package imap

import (
	"context"
	"errors"

	imap "github.com/emersion/go-imap/v2"

	"quangtri.gov.vn/vanthu/mailsvc"
)

// say picks the wording the client can show: Vietnamese needs UTF-8.
func (c *conn) say(vi, en string) string {
	if c.utf8 {
		return vi
	}
	return en
}

// answer turns what a command returned into its tagged response.
func (c *conn) answer(req *request, err error) *imap.Error {
	if err == nil {
		text := req.text
		if text == "" {
			text = req.name + " completed"
		}
		return &imap.Error{Type: imap.StatusResponseTypeOK, Code: imap.ResponseCode(req.code), Text: text}
	}
	var e *imap.Error
	if errors.As(err, &e) {
		return e
	}
	return c.storeError(req, err)
}

// storeError answers what the store or the identities said.
func (c *conn) storeError(req *request, err error) *imap.Error {
	for _, k := range [...]struct {
		kind   error
		code   imap.ResponseCode
		vi, en string
	}{
		{mailsvc.ErrNotFound, imap.ResponseCodeNonExistent, "Không có thư mục này; hãy làm mới danh sách thư mục.", "no such mailbox"},
		{mailsvc.ErrExists, imap.ResponseCodeAlreadyExists, "Đã có thư mục tên này; hãy chọn tên khác.", "a mailbox of that name exists"},
		{mailsvc.ErrNotAllowed, imap.ResponseCodeNoPerm, "Ông/bà không có quyền làm việc này; hãy hỏi người quản trị.", "not allowed"},
		{mailsvc.ErrOverQuota, imap.ResponseCodeOverQuota, "Hộp thư đã đầy; hãy xóa bớt thư.", "the mailbox is full, delete some mail"},
		{mailsvc.ErrTooMany, imap.ResponseCodeLimit, "Nhiều hơn mức máy chủ cho phép; hãy chia nhỏ hoặc xóa bớt.", "more than the server allows, do it in parts or delete some"},
		{mailsvc.ErrTooLarge, imap.ResponseCodeTooBig, "Thư quá lớn; hãy gửi tệp bằng liên kết.", "the message is too large"},
		{mailsvc.ErrInvalid, imap.ResponseCodeCannot, "Tên hoặc yêu cầu không hợp lệ; hãy đổi tên.", "not possible with this name"},
		{mailsvc.ErrFull, imap.ResponseCodeUnavailable, "Máy chủ hết chỗ; hãy báo người quản trị.", "the server's disk is full"},
		{mailsvc.ErrDamaged, imap.ResponseCodeCorruption, "Dữ liệu trên máy chủ bị hỏng; hãy báo người quản trị.", "stored data is damaged"},
		{mailsvc.ErrUnknown, imap.ResponseCodeUnavailable, "Không rõ đã xong hay chưa; hãy xem lại rồi mới làm lại.", "outcome unknown, look before trying again"},
		{mailsvc.ErrClosed, imap.ResponseCodeUnavailable, "Máy chủ đang dừng; hãy thử lại sau.", "server is shutting down"},
		{context.Canceled, imap.ResponseCodeUnavailable, "Máy chủ đang dừng; hãy thử lại sau.", "server is shutting down"},
	} {
		if errors.Is(err, k.kind) {
			if k.kind == mailsvc.ErrFull || k.kind == mailsvc.ErrUnknown || k.kind == mailsvc.ErrDamaged {
				c.s.log.Error("imap: store", "command", req.name, "account", c.account.Address, "err", err)
			}
			return no(k.code, c.say(k.vi, k.en))
		}
	}
	c.s.log.Error("imap: command failed", "command", req.name, "account", c.account.Address, "err", err)
	return no(imap.ResponseCodeServerBug, c.say("Máy chủ gặp lỗi; hãy thử lại hoặc báo người quản trị.", "internal error"))
}
