package document

import "context"

func readPDF(ctx context.Context, data []byte, o Options) (*paper, error) { return nil, errDamaged }
