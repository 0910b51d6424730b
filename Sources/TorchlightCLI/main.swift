import Torchlight
