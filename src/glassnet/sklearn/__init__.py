"""scikit-learn's multi-layer perceptrons, by changing one import: `from glassnet.sklearn import MLPClassifier`.

The estimators are thin wrappers around the layers, losses, optimizers and the training loop of glassnet. So they offer
more than scikit-learn's: dropout, batch normalisation, class weights, an activation for each layer, your own validation
data, callbacks.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError("glassnet.sklearn needs scikit-learn: pip install 'glassnet[sklearn]'")

from glassnet.sklearn.classifier import MLPClassifier
from glassnet.sklearn.convert import from_sklearn, to_sklearn
from glassnet.sklearn.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "from_sklearn", "to_sklearn"]
