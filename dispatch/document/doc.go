package document

func readDOC(data []byte) (*paper, error) { return nil, errDamaged }
