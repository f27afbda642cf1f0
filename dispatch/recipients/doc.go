// Package recipients reads "Nơi nhận", the block at the foot of every issued
// document that says who gets it, and resolves it against the directory as of
// the day of issue.
//
// # What always holds
//
// Nothing is dropped: every letter of a line stands in the Text of exactly one
// item of that line, apart from separators and the word "và" between two.
//
// Certain means that the directory knows the body, or the group and its
// members, uniquely for this issuer on that day, and that the grammar agrees.
// Persons, "Như Điều n", "liên quan", lists and private codes are never
// certain by reading; nothing is without a directory. What the clerk of the same
// agency answered before ([Memory]) makes an item certain too, and says so;
// references, lists, private persons and "liên quan" are asked every time, and an
// answer counts only while the same bodies come into question ([Question]).
//
// Some names are never certain though the directory knows one body for them: a
// provincial body or group that an issuer below the province names without "tỉnh";
// the issuer itself by a bare name, which may be its superior; a committee by a
// bare place name that two have; bodies that share a territory the issuer does not
// sit in; a body with an exception or an unread remark behind it.
//
// Time and memory are linear in the text. Items, parts of a line and the length
// of names are bounded; what exceeds a bound becomes one last doubtful item.
//
// Nothing is global but immutable tables; Resolve may run concurrently.
//
// # The grammar
//
// Punctuation is a hint, line starts are the truth: of 482 real blocks 5 % had a
// middle line without punctuation and 20 % a ";" inside a line.
//
//	block     = ["Nơi nhận" [":"]] { line } .
//	line      = [ bullet ] ( archive | segment { ";" segment } [ ";" archive ] ) .
//	bullet    = "-" | "–" | "+" | "*" | "•" | number "." .        "+" is a line under a header
//	archive   = ( "Lưu" | "Lưu trữ" ) [ ":" ] { any } .
//	header    = label .                                          with nothing behind its colon
//	label     = { word } ":" .                                   a purpose too: "Để thực hiện: A, B"
//	segment   = [ label ] part { ( "," | "và" ) [ label ] part } .
//	part      = reference | web | person | group | unit | body | code .
//	            each with { tag } behind it
//	tag       = "(" ( purpose | copies | channel | via | except | who | unit | codes | list ) ")"
//	          | purpose | via | except .                          also without parentheses at the end
//	purpose   = "để" { word } | "b/c" | "p/h" | "t/h" | ... .
//	copies    = number [ "b" | "bản" ] .
//	channel   = [ "gửi" ] "bản" ( "giấy" | "điện tử" ) [ "và" ... ] | "qua" ( "email" | "trục" | "phần mềm" ... ) .
//	via       = "qua" name .
//	except    = ( "trừ" | "ngoại trừ" | "không gửi" ) name { "," name } .
//	reference = "Như trên" | "Như kính gửi" | [ "Như" ] [ "khoản" n ] "Điều" n
//	          | [ ... ] "mục" n | "Như thành phần mời" | "Theo danh sách" ... .
//	web       = ( "Website" | "Cổng TTĐT" | "Trang TTĐT" | "Công báo" ) [ owner ] .
//	person    = { "các" | "đ/c" } post [ name | body [ name ] ] | ( "Ông" | "Bà" ) name | "Thành viên" body .
//	group     = [ head ] "các" list [ qualifier ] | [ "các" ] "sở, ban, ngành" [ qualifier ] | head territories .
//	list      = class { ( "," | "/" | "và" ) class } .             class words without names
//	unit      = unit-name ( "-" | "," | "(" | nothing ) body [ ")" ] | body "(" unit-name ")" .
//	body      = [ standing ] committee [ place ] | ( "Sở" | "Bộ" ) field [ place ] | name [ place ] .
//	standing  = "Thường trực" | "TT" | "Thường vụ" | "Văn phòng" .
//	committee = "Tỉnh ủy" | "Huyện ủy" | "Đảng ủy" | "HĐND" | "UBND" | "TU" ... .
//	place     = level [ proper-name ] .                            a bare level is the issuer's own
//	code      = capitals and digits, perhaps a range .
//
// # The order of splitting
//
//  1. [ParseText] joins wrapped lines and drops bullets, the label and what the
//     signature column mixed in.
//  2. A line that the directory knows whole, commas and all, is one recipient.
//  3. "Lưu" ends the line; the rest is cut at ";".
//  4. A segment is cut at commas and at "và", except inside names that have
//     commas of their own (protected), fields of work ("Văn hóa, Thể thao và Du
//     lịch"), lists of class words ("sở, ban, ngành"), parentheses, and before a
//     word in lower case that begins no recipient.
//  5. A label governs the parts behind it as long as they fit it: "Các Bộ:" a
//     code or field, "các Vụ:" a code, "PCN:" a person, "VPCP:" the whole line.
//  6. "Cục X, VPCP" and "xã A, huyện B" are joined again; "trừ ..." goes to the
//     part before it; runs of private codes become one recipient.
//  7. What the list has in common is shared out: tags from its end; the head
//     ("TT Tỉnh ủy, HĐND, UBND tỉnh", but "TT HĐND, UBND": a committee alone has no
//     standing body; "UBND TP A, TX B", "Sở A, B"); the body of
//     titles ("CT, các PCT UBND tỉnh"); the committee of boards ("Ban Tổ chức,
//     Ban Tuyên giáo Tỉnh ủy"); the territory ("TAND, VKSND tỉnh").
//  8. Each part, now self-standing, is read: reference, code, inside of an
//     office, web, person, unit, group, body.
//
// # Short forms that mean two things
//
// TT is Thường trực before a committee, thị trấn between UBND and a name, else
// Trung tâm; CT is Chủ tịch, but Công Thương in a list of fields and Cục Thuế to
// a tax office; TP is thành phố, but Tư pháp among fields and Trưởng phòng glued
// to a unit; PCT is Phó Chủ tịch, but Phó Cục trưởng to a Cục; VP alone is the
// issuer's own office; TU is the committee of the issuer's own place, and TVTU
// is asked at province level, where some mean Thường trực by it.
package recipients
