package sealed

// Digest and JournalName let tests write the journal of an interrupted rekey.
var Digest = digest

const JournalName = journalName
