"""What a browser may ask of the server at most. Each bound has its unit and its reason."""

# What is sent
REQUEST = 16 * 2**10  # bytes of a request with its headers: a browser sends one or two thousand
MESSAGE = 64 * 2**10  # bytes of a text: the longest recipe that the form can build has a tenth of that
PICTURE = 16 * 2**20  # bytes of a picture file: the photo of a telephone has two to ten million
SOCKET = 2 * PICTURE  # bytes of anything: what is longer is not even read, and closes the WebSocket
DEPTH = 20  # lists and tables in one another: a layer in a recipe stands at three

# How often
MESSAGES_A_SECOND = 100  # who sends more waits: a browser paints 60 times a second, and asks once or twice each time
MESSAGES_AT_ONCE = 200  # that come together after a pause: a page that is opened asks for some dozens
ASKS_AT_WORK = 8  # of a session that are not answered yet; until one is, nothing more is read

# How many
SESSIONS = 8  # each may hold two trainings with 256 MiB of snapshots each
CONNECTIONS = 128  # sockets: six and a WebSocket for each session, and some to spare
DECODING = 1  # pictures at a time in all sessions: one of 40 million pixels takes 700 MB on its way
OWN_DIGITS = 300  # that a person has drawn: an hour of drawing
CHANGES = 1_000  # of weights, biases and pixels: all are made anew for each answer

# How long, in seconds
REQUESTING = 30  # the life of a connection that is no WebSocket: its browser opens another when it needs one
HELLO = 10  # from the opening of a WebSocket to its first message
ALONE = 30  # that trainings go on without a page: one that is loaded again is there sooner
AWAY = 600  # that a session waits for its page: a computer that slept, a page that was loaded again
STOPPING = 1.8  # from Ctrl-C to the end, however much is at work
