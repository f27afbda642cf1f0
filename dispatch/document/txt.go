package document

func readTXT(data []byte) (*paper, error) { return nil, errUnknown }
