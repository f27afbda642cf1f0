package queue

import (
	"context"

	"quangtri.gov.vn/vanthu/mailsvc"
)

type Queue struct{ c chan struct{} }

var _ mailsvc.Queue = (*Queue)(nil)

func Open(path string, o Options) (*Queue, error) { return &Queue{}, nil }
func (q *Queue) Run(ctx context.Context) error    { <-ctx.Done(); return nil }
func (q *Queue) Close() error                     { return nil }
func (q *Queue) Enqueue(ctx context.Context, msgs []mailsvc.Outgoing) error {
	return nil
}
func (q *Queue) Outcomes(ctx context.Context, keys []string) ([]mailsvc.Outcome, error) {
	return nil, nil
}
func (q *Queue) Forget(ctx context.Context, keys []string) error     { return nil }
func (q *Queue) Settled() <-chan struct{}                            { return q.c }
func (q *Queue) List(ctx context.Context, limit int) ([]Item, error) { return nil, nil }
func (q *Queue) Stats() Stats                                        { return Stats{} }
func (q *Queue) References(yield func(mailsvc.BlobID) bool) error    { return nil }
