"""Why a column of our own tables is not personal, in words that stand in several of them."""

from shared.inventory.model import NotPersonal

ID = NotPersonal("a random id of the row")
PLACE = NotPersonal("where a record stands on a topic")
BYTES = NotPersonal("messages: no field of any can hold an address")
TIME = NotPersonal("when something happened here; says nothing without the row beside it")
WORD = NotPersonal("a word of our vocabulary")
COUNT = NotPersonal("a count")
DIGEST = NotPersonal("a digest of bytes that are not personal")
REQUEST = NotPersonal("a random id; who it is about stands in alias alone")
